"""A small consumer of the `kubernetes` package as it is: typed calls, patches of every kind, server-side apply, custom
objects, the dynamic client, and a cache that follows a list over watches it loses. Each command works in a namespace of
its own and prints what it saw, one fact a line."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic.exceptions import NotFoundError

core: client.CoreV1Api
apps: client.AppsV1Api
namespace: str

LABELS = {"app": "web"}


def objects():
    """Creates, reads, replaces, pages and removes through typed calls."""
    made = core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata=meta("one"), data={"key": "värde", "n": "1"}, binary_data={"b": "AP8="})
    )
    fact("made:", made.data["key"], made.binary_data["b"], made.metadata.creation_timestamp.tzinfo is not None)
    made.data["n"] = "2"
    replaced = core.replace_namespaced_config_map("one", namespace, made)
    fact("replaced:", replaced.data["n"], "stale:", refusal(core.replace_namespaced_config_map, "one", namespace, made))
    fact("made twice:", refusal(core.create_namespaced_config_map, namespace, client.V1ConfigMap(metadata=meta("one"))))
    fact("not there:", refusal(core.read_namespaced_config_map, "nobody", namespace))
    fact("no name:", refusal(core.create_namespaced_config_map, namespace, client.V1ConfigMap(metadata=meta("A_B"))))

    secret = core.create_namespaced_secret(namespace, client.V1Secret(metadata=meta("s"), string_data={"k": "v"}))
    fact("string data is kept as data:", secret.data, secret.string_data)

    for i in range(25):
        core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=meta(f"p-{i:02}", labels=LABELS)))
    names, pages, token = [], 0, None
    while token != "":
        page = core.list_namespaced_config_map(namespace, label_selector="app=web", limit=10, _continue=token)
        names += [item.metadata.name for item in page.items]
        pages, token = pages + 1, page.metadata._continue or ""
    fact("in pages:", len(names), pages, names == sorted(names))
    core.delete_collection_namespaced_config_map(namespace, label_selector="app=web")
    left = core.list_namespaced_config_map(namespace, label_selector="app=web")
    fact("left:", len(left.items))
    status = core.delete_namespaced_config_map("one", namespace)
    fact("removed:", status.status, refusal(core.read_namespaced_config_map, "one", namespace))


def patches():
    """Patches a deployment in every way, waits for its pods, reads their logs and scales it."""
    apps.create_namespaced_deployment(namespace, deployment("web", replicas=1))
    kinds = {
        "strategic": {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "busybox"}]}}}},
        "json": [{"op": "remove", "path": "/spec/template/spec/containers/0"}],
    }
    for kind, body in kinds.items():
        patched = apps.patch_namespaced_deployment("web", namespace, body)
        fact(kind + ":", [c.name for c in patched.spec.template.spec.containers])
    merged = apps.patch_namespaced_deployment(
        "web", namespace, {"metadata": {"labels": {"a": "b"}}}, _content_type="application/merge-patch+json"
    )
    fact("merge:", merged.metadata.labels)

    for event in watch.Watch().stream(apps.list_namespaced_deployment, namespace, timeout_seconds=60):
        if event["object"].status.available_replicas == 1 and event["object"].status.updated_replicas == 1:
            break
    pod = core.list_namespaced_pod(namespace, label_selector="app=web", field_selector="status.phase=Running").items[0]
    fact("runs:", pod.status.phase, pod.spec.node_name is not None, isinstance(core.read_namespaced_pod_log(pod.metadata.name, namespace), str))
    scaled = apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 0}})
    fact("scaled:", scaled.spec.replicas, "to no number:", refusal(apps.patch_namespaced_deployment_scale, "web", namespace, {"spec": {"replicas": -1}}))


def apply():
    """Owns fields with server-side apply, through the dynamic client and through the typed one."""
    resources = dynamic.DynamicClient(client.ApiClient())
    services = resources.resources.get(api_version="v1", kind="Service")
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": LABELS, "ports": [{"name": "http", "port": 80}]}}
    made = services.server_side_apply(body=body, namespace=namespace, field_manager="one")
    again = services.server_side_apply(body=body, namespace=namespace, field_manager="one")
    fact("applied:", made.spec.ports[0].port, "again, the revision is the same:", made.metadata.resourceVersion == again.metadata.resourceVersion)
    body["spec"]["selector"] = {"app": "other"}
    conflict = refusal(services.server_side_apply, body=body, namespace=namespace, field_manager="two")
    fact("another's:", conflict)
    forced = services.server_side_apply(body=body, namespace=namespace, field_manager="two", force_conflicts=True)
    fact("forced:", forced.spec.selector.app, sorted(m.manager for m in forced.metadata.managedFields))
    typed = core.patch_namespaced_service(
        "web", namespace, {"apiVersion": "v1", "kind": "Service", "metadata": {"labels": {"a": "b"}}},
        field_manager="three", _content_type="application/apply-patch+yaml",
    )
    fact("typed:", typed.metadata.labels)


def kinds():
    """Discovers kinds and works with objects it has no types for."""
    resources = dynamic.DynamicClient(client.ApiClient())
    jobs = resources.resources.get(api_version="batch/v1", kind="Job")
    fact("discovered:", jobs.name, jobs.namespaced, sorted(jobs.verbs)[:3], sorted(jobs.subresources))
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}
    made = jobs.create(namespace=namespace, body={"metadata": {"name": "j"}, "spec": {"suspend": True, "template": template}})
    fact("made:", made.kind, made.spec.suspend, made.spec.completions)
    jobs.patch(namespace=namespace, name="j", body={"metadata": {"labels": {"a": "b"}}}, content_type="application/merge-patch+json")
    fact("listed:", [job.metadata.labels.a for job in jobs.get(namespace=namespace, label_selector="a").items])
    jobs.delete(namespace=namespace, name="j", body={"propagationPolicy": "Background"})
    try:
        jobs.get(namespace=namespace, name="j")
    except NotFoundError as error:
        fact("removed:", error.status)

    anything = client.CustomObjectsApi()
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}}
    address = {"group": "coordination.k8s.io", "version": "v1", "namespace": namespace, "plural": "leases"}
    anything.create_namespaced_custom_object(**address, body=lease)
    patched = anything.patch_namespaced_custom_object(**address, name="l", body={"spec": {"leaseDurationSeconds": 9}})
    fact("any object:", patched["spec"])
    fact("listed as any:", anything.list_namespaced_custom_object(**address)["kind"])
    anything.delete_namespaced_custom_object(**address, name="l")
    fact("version:", client.VersionApi().get_code().minor, "groups:", len(client.ApisApi().get_api_versions().groups) > 15)


def custom():
    """Defines a kind, and works with it as with any other."""
    number, text = {"type": "integer", "minimum": 0}, {"type": "string"}
    spec = {"type": "object", "required": ["name"], "properties": {"name": text, "size": {**number, "default": 3}}}
    status = {"type": "object", "properties": {"size": number, "note": text}}
    version = {
        "name": "v1", "served": True, "storage": True, "selectableFields": [{"jsonPath": ".spec.name"}],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
        "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}},
    }
    names = {"plural": "buoys", "singular": "buoy", "kind": "Buoy", "shortNames": ["by"]}
    body = {"metadata": {"name": "buoys.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}}
    definitions = client.ApiextensionsV1Api()
    definitions.create_custom_resource_definition(body)
    for event in watch.Watch().stream(definitions.list_custom_resource_definition, timeout_seconds=30):
        if any(c.type == "Established" and c.status == "True" for c in event["object"].status.conditions or []):
            break
    fact("established:", event["object"].status.accepted_names.short_names)

    buoys = {"group": "example.com", "version": "v1", "namespace": namespace, "plural": "buoys"}
    any_object = client.CustomObjectsApi()
    buoy = {"apiVersion": "example.com/v1", "kind": "Buoy", "metadata": {"name": "b"}, "spec": {"name": "red", "unknown": 1}}
    made = any_object.create_namespaced_custom_object(**buoys, body=buoy)
    fact("made:", made["spec"], made["metadata"]["generation"])
    fact("without a name:", refusal(any_object.create_namespaced_custom_object, **buoys, body={**buoy, "metadata": {"name": "c"}, "spec": {}}))
    told = any_object.patch_namespaced_custom_object_status(**buoys, name="b", body={"spec": {"name": "no"}, "status": {"size": 3}})
    fact("status:", told["status"], told["spec"]["name"], told["metadata"]["generation"])
    scaled = any_object.patch_namespaced_custom_object_scale(**buoys, name="b", body={"spec": {"replicas": 5}})
    fact("scaled:", scaled["kind"], scaled["spec"], scaled["status"])
    found = any_object.list_namespaced_custom_object(**buoys, field_selector="spec.name=red")
    fact("found by a field:", [item["spec"]["size"] for item in found["items"]])
    definitions.delete_custom_resource_definition("buoys.example.com")
    for event in watch.Watch().stream(definitions.list_custom_resource_definition, timeout_seconds=30, field_selector="metadata.name=buoys.example.com"):
        if event["type"] == "DELETED":
            break
    fact("gone with its objects:", refusal(any_object.get_namespaced_custom_object, **buoys, name="b"))


def follow():
    """Keeps a cache as informers do: list, watch from there, resume at the last revision when the watch is over."""
    changes = 60
    with ThreadPoolExecutor() as pool:
        listed = core.list_namespaced_config_map(namespace, label_selector="app=web")
        writing = pool.submit(write, changes)
        cache, version, seen, watches = {}, listed.metadata.resource_version, [], 0
        while "last" not in cache:
            watches += 1
            stream = watch.Watch()
            told = stream.stream(
                core.list_namespaced_config_map, namespace, label_selector="app=web", resource_version=version,
                allow_watch_bookmarks=True, timeout_seconds=30,
            )
            for nth, event in enumerate(told):
                version = event["object"].metadata.resource_version
                remember(cache, seen, event)
                if nth == 12 or "last" in cache:
                    stream.stop()  # the connection is given up in the middle of everything
        writing.result()
    exists = core.list_namespaced_config_map(namespace, label_selector="app=web")
    fact("told in order, nothing twice:", seen == sorted(set(seen)), "in watches:", watches > 3)
    fact("the cache is what exists:", cache == {o.metadata.name: o.metadata.resource_version for o in exists.items})

    gone = watch.Watch().stream(core.list_namespaced_config_map, namespace, resource_version=1, timeout_seconds=1)
    fact("from the first revision:", next(gone)["type"])


def remember(cache, seen, event):
    name, version = event["object"].metadata.name, event["object"].metadata.resource_version
    if event["type"] == "BOOKMARK":
        return
    seen.append(int(version))
    if event["type"] == "DELETED":
        cache.pop(name)
    else:
        cache[name] = version


def write(changes):
    for i in range(changes):
        name = f"c-{i % 7}"
        if i % 5 == 4:
            ignore_not_found(core.delete_namespaced_config_map, name, namespace)
            continue
        body = client.V1ConfigMap(metadata=meta(name, labels=LABELS), data={"i": str(i)})
        try:
            core.create_namespaced_config_map(namespace, body)
        except ApiException:
            core.replace_namespaced_config_map(name, namespace, body)
    core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=meta("last", labels=LABELS)))


def ignore_not_found(call, *args):
    try:
        call(*args)
    except ApiException as error:
        if error.status != 404:
            raise


def deployment(name, replicas):
    container = client.V1Container(name="main", image="nginx")
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=LABELS), spec=client.V1PodSpec(containers=[container]))
    selector = client.V1LabelSelector(match_labels=LABELS)
    return client.V1Deployment(metadata=meta(name), spec=client.V1DeploymentSpec(replicas=replicas, selector=selector, template=template))


def meta(name, **rest):
    return client.V1ObjectMeta(name=name, **rest)


def refusal(call, *args, **keywords):
    """What a refused request says to programs: its code and reason."""
    try:
        call(*args, **keywords)
    except ApiException as error:
        return f"{error.status} {json.loads(error.body)['reason']}"
    return "accepted"


def fact(*words):
    print(*words)


if __name__ == "__main__":
    command = sys.argv[1]
    config.load_kube_config()
    core, apps, namespace = client.CoreV1Api(), client.AppsV1Api(), f"python-{command}"
    core.create_namespace(client.V1Namespace(metadata=meta(namespace)))
    {f.__name__: f for f in (objects, patches, apply, kinds, custom, follow)}[command]()
