// A small consumer of fabric8's Kubernetes client as it is: typed and generic objects, patches, server-side apply, an
// informer, leader election. Each command works in a namespace of its own and prints what it saw, one fact a line.

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

public class Client {
  static KubernetesClient client;
  static String namespace;

  public static void main(String[] args) throws Exception {
    client = new KubernetesClientBuilder().build();
    namespace = "java-" + args[0];
    client.resource(new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build()).create();
    switch (args[0]) {
      case "objects" -> objects();
      case "workloads" -> workloads();
      case "apply" -> apply();
      case "follow" -> follow();
      case "election" -> election();
      default -> throw new IllegalArgumentException(args[0]);
    }
    client.close();
    System.exit(0); // the HTTP client's threads may linger
  }

  /** Creates, reads, replaces, pages and removes. */
  static void objects() {
    var configMaps = client.configMaps().inNamespace(namespace);
    var made = client.resource(configMap("one", "1")).create();
    fact("made:", made.getData());
    made.getData().put("n", "2");
    fact("updated:", client.resource(made).update().getData());
    var stale = new ConfigMapBuilder(made).addToData("n", "3").build();
    fact("stale:", refusal(() -> client.resource(stale).lockResourceVersion(made.getMetadata().getResourceVersion()).update()));
    fact("made twice:", refusal(() -> client.resource(configMap("one", "1")).create()));
    fact("no name:", refusal(() -> client.resource(configMap("A_B", "1")).create()));
    fact("not there:", configMaps.withName("nobody").get() == null);
    var edited = configMaps.withName("one").edit(o -> new ConfigMapBuilder(o).addToData("m", "1").build());
    fact("edited:", edited.getData());
    for (int i = 0; i < 25; i++) client.resource(configMap("p-" + i, "1", "web")).create();
    int seen = 0, pages = 0;
    String next = "";
    do {
      var page = configMaps.withLabel("app", "web").list(new ListOptionsBuilder().withLimit(10L).withContinue(next).build());
      seen += page.getItems().size();
      pages++;
      next = page.getMetadata().getContinue();
    } while (next != null && !next.isEmpty());
    fact("in pages:", seen, pages);
    configMaps.withLabel("app", "web").delete();
    fact("left:", configMaps.withLabel("app", "web").list().getItems().size());
    fact("version:", client.getKubernetesVersion().getMinor());
    var lease = client.genericKubernetesResources("coordination.k8s.io/v1", "Lease").inNamespace(namespace);
    var generic = new GenericKubernetesResource();
    generic.setApiVersion("coordination.k8s.io/v1");
    generic.setKind("Lease");
    generic.setMetadata(configMap("l", "1").getMetadata());
    generic.setAdditionalProperty("spec", Map.of("holderIdentity", "me"));
    lease.resource(generic).create();
    fact("any kind:", lease.withName("l").get().<String>get("spec", "holderIdentity"));
  }

  /** Runs a deployment, patches and scales it, and reads its logs. */
  static void workloads() throws Exception {
    var web = client.apps().deployments().inNamespace(namespace).withName("web");
    client.resource(deployment(1)).create();
    web.waitUntilReady(60, TimeUnit.SECONDS);
    fact("ready:", web.get().getStatus().getAvailableReplicas());
    var context = PatchContext.of(PatchType.STRATEGIC_MERGE);
    var side = web.patch(context, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"side\",\"image\":\"busybox\"}]}}}}");
    fact("strategic:", names(side));
    fact("json:", names(web.patch(PatchContext.of(PatchType.JSON), "[{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/0\"}]")));
    fact("merge:", web.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").getMetadata().getLabels());
    fact("scaled:", web.scale(2).getSpec().getReplicas());
    web.waitUntilCondition(d -> Integer.valueOf(2).equals(d.getStatus().getAvailableReplicas()), 60, TimeUnit.SECONDS);
    fact("image:", web.rolling().updateImage("nginx:2").getSpec().getTemplate().getSpec().getContainers().get(0).getImage());
    web.waitUntilCondition(
        d -> Integer.valueOf(2).equals(d.getStatus().getUpdatedReplicas()) && Integer.valueOf(2).equals(d.getStatus().getAvailableReplicas()),
        60, TimeUnit.SECONDS);
    await(() -> client.pods().inNamespace(namespace).list().getItems().size() == 2);
    var pod = client.pods().inNamespace(namespace).list().getItems().get(0).getMetadata().getName();
    fact("log:", client.pods().inNamespace(namespace).withName(pod).getLog() != null);
    web.delete();
    await(() -> client.pods().inNamespace(namespace).list().getItems().isEmpty());
    fact("gone with its pods");
  }

  /** Owns fields with server-side apply. */
  static void apply() {
    var service = new ServiceBuilder().withNewMetadata().withName("web").withNamespace(namespace).endMetadata()
        .withNewSpec().addToSelector("app", "web").addNewPort().withPort(80).endPort().endSpec().build();
    var made = client.resource(service).fieldManager("one").serverSideApply();
    var again = client.resource(service).fieldManager("one").serverSideApply();
    fact("applied:", made.getSpec().getPorts().get(0).getTargetPort().getIntVal(), "same revision:",
        made.getMetadata().getResourceVersion().equals(again.getMetadata().getResourceVersion()));
    var other = new ServiceBuilder(service).editSpec().withSelector(Map.of("app", "other")).withPorts().endSpec().build();
    fact("another's:", refusal(() -> client.resource(other).fieldManager("two").serverSideApply()));
    var forced = client.resource(other).fieldManager("two").forceConflicts().serverSideApply();
    fact("forced:", forced.getSpec().getSelector().get("app"),
        forced.getMetadata().getManagedFields().stream().map(ManagedFieldsEntry::getManager).sorted().collect(Collectors.joining(",")));
  }

  /** Lets an informer follow objects as they come, change and go. */
  static void follow() throws Exception {
    var added = new AtomicInteger();
    var updated = new AtomicInteger();
    var deleted = new AtomicInteger();
    for (int i = 0; i < 10; i++) client.resource(configMap("c-" + i, "0", "web")).create();
    SharedIndexInformer<ConfigMap> informer = client.configMaps().inNamespace(namespace).withLabel("app", "web").inform(
        new ResourceEventHandler<>() {
          public void onAdd(ConfigMap o) { added.incrementAndGet(); }
          public void onUpdate(ConfigMap before, ConfigMap o) { updated.incrementAndGet(); }
          public void onDelete(ConfigMap o, boolean unknown) { deleted.incrementAndGet(); }
        });
    for (int i = 0; i < 20; i++) client.resource(configMap("c-" + i, "1", "web")).createOr(r -> r.update());
    for (int i = 0; i < 5; i++) client.resource(configMap("c-" + i, "1", "web")).delete();
    await(() -> added.get() == 20 && updated.get() == 10 && deleted.get() == 5);
    fact("told:", added, updated, deleted);
    var exist = client.configMaps().inNamespace(namespace).withLabel("app", "web").list().getItems();
    fact("holds what exists:", versions(exist).equals(versions(informer.getStore().list())), exist.size());
    informer.close();
  }

  /** Leads, steps down, and lets the next one lead. */
  static void election() throws Exception {
    for (String identity : List.of("one", "two")) {
      var led = new CompletableFuture<Void>();
      var config = new LeaderElectionConfigBuilder().withName("election").withReleaseOnCancel(true)
          .withLock(new LeaseLock(namespace, "office", identity)).withLeaseDuration(Duration.ofSeconds(3))
          .withRenewDeadline(Duration.ofSeconds(2)).withRetryPeriod(Duration.ofMillis(250))
          .withLeaderCallbacks(new LeaderCallbacks(() -> led.complete(null), () -> {}, leader -> {})).build();
      var running = client.leaderElector().withConfig(config).build().start();
      led.get(60, TimeUnit.SECONDS);
      fact("leads:", client.leases().inNamespace(namespace).withName("office").get().getSpec().getHolderIdentity());
      running.cancel(true);
    }
  }

  static ConfigMap configMap(String name, String n) { return configMap(name, n, "none"); }

  static ConfigMap configMap(String name, String n, String app) {
    return new ConfigMapBuilder().withNewMetadata().withName(name).withNamespace(namespace).addToLabels("app", app).endMetadata()
        .addToData("n", n).build();
  }

  static Deployment deployment(int replicas) {
    var labels = Map.of("app", "web");
    return new DeploymentBuilder().withNewMetadata().withName("web").withNamespace(namespace).endMetadata()
        .withNewSpec().withReplicas(replicas).withNewSelector().withMatchLabels(labels).endSelector()
        .withNewTemplate().withNewMetadata().withLabels(labels).endMetadata()
        .withNewSpec().addNewContainer().withName("main").withImage("nginx").endContainer().endSpec().endTemplate().endSpec().build();
  }

  static List<String> names(Deployment d) {
    return d.getSpec().getTemplate().getSpec().getContainers().stream().map(c -> c.getName()).toList();
  }

  static Map<String, String> versions(List<ConfigMap> items) {
    return items.stream().collect(Collectors.toMap(o -> o.getMetadata().getName(), o -> o.getMetadata().getResourceVersion()));
  }

  static void await(BooleanSupplier holds) throws InterruptedException {
    while (!holds.getAsBoolean()) Thread.sleep(50);
  }

  static String refusal(Runnable request) {
    try {
      request.run();
      return "accepted";
    } catch (KubernetesClientException e) {
      return e.getCode() + " " + e.getStatus().getReason();
    }
  }

  static void fact(Object... words) {
    System.out.println(List.of(words).stream().map(String::valueOf).collect(Collectors.joining(" ")));
  }
}
