package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// discover finds out what the cluster serves in every way clients do.
func discover(ctx context.Context, s *session) error {
	client := s.Discovery()
	version, err := client.ServerVersion()
	if err != nil {
		return err
	}
	fact("version %s.%s", version.Major, version.Minor)
	before := s.wire.now()
	groups, resources, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	requests := s.wire.since(before).answers
	plain, err := discovery.NewDiscoveryClientForConfig(s.config)
	if err != nil {
		return err
	}
	plain.UseLegacyDiscovery = true
	_, plainResources, err := plain.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	fact("groups: %t, aggregated in requests: %d, plain discovery tells the same: %t", len(groups) > 15, requests, sameResources(resources, plainResources))
	preferred, err := client.ServerPreferredResources()
	if err != nil {
		return err
	}
	fact("resources without a verb: %v, preferred listed twice: %v", without(resources), twice(preferred))
	return first(
		func() error { return mapped(client) },
		func() error { return mappedByControllerRuntime(s.config, s.wire) },
		func() error { return schemas(client) },
	)
}

// mapped goes from what people type to resources.
func mapped(client discovery.DiscoveryInterface) error {
	cached := memory.NewMemCacheClient(client)
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	for _, short := range []string{"deploy", "po", "cm", "sts", "hpa", "netpol", "pdb", "sc", "crd", "csr", "events", "ingress", "pods.v1.", "jobs.batch"} {
		full, group := schema.ParseResourceArg(short)
		asked := group.WithVersion("")
		if full != nil {
			asked = *full
		}
		resource, err := mapper.ResourceFor(asked)
		if err != nil {
			return fmt.Errorf("%s: %w", short, err)
		}
		kind, err := mapper.KindFor(resource)
		if err != nil {
			return err
		}
		mapping, err := mapper.RESTMapping(kind.GroupKind())
		if err != nil {
			return err
		}
		fact("%s is %s of %s, %s", short, kind.Kind, resource.GroupVersion(), mapping.Scope.Name())
	}
	return nil
}

func mappedByControllerRuntime(config *rest.Config, wire *wire) error {
	http, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, http)
	if err != nil {
		return err
	}
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"}, "v1")
	if err != nil {
		return err
	}
	_, err = mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Nothing"})
	fact("mapped lazily: %s; of no kind: %t", mapping.Resource.Resource, err != nil && strings.Contains(err.Error(), "no matches for kind"))
	return nil
}

// schemas reads the published types: as protobuf of OpenAPI v2, and per group of v3.
func schemas(client discovery.DiscoveryInterface) error {
	document, err := client.OpenAPISchema()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, definition := range document.Definitions.AdditionalProperties {
		names[definition.Name] = true
	}
	fact("OpenAPI v2 has Deployment: %t, Pod: %t", names["io.k8s.api.apps.v1.Deployment"], names["io.k8s.api.core.v1.Pod"])
	paths, err := client.OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	apps, ok := paths["apis/apps/v1"]
	if err := expect(ok, "apis/apps/v1 among the OpenAPI v3 paths"); err != nil {
		return err
	}
	bytes, err := apps.Schema("application/json")
	if err != nil {
		return err
	}
	fact("OpenAPI v3 of apps/v1 has StatefulSetSpec: %t, by hash: %t", strings.Contains(string(bytes), "io.k8s.api.apps.v1.StatefulSetSpec"), strings.Contains(apps.ServerRelativeURL(), "hash="))
	return nil
}

func sameResources(a, b []*metav1.APIResourceList) bool {
	return slices.Equal(told(a), told(b))
}

func told(lists []*metav1.APIResourceList) []string {
	lines := []string{}
	for _, list := range lists {
		for _, r := range list.APIResources {
			lines = append(lines, fmt.Sprintln(list.GroupVersion, r.Name, r.Kind, r.Namespaced, r.Verbs, r.ShortNames, r.Categories))
		}
	}
	slices.Sort(lines)
	return lines
}

func without(lists []*metav1.APIResourceList) []string {
	names := []string{}
	for _, list := range lists {
		for _, r := range list.APIResources {
			if len(r.Verbs) == 0 || r.Kind == "" {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

func twice(lists []*metav1.APIResourceList) []string {
	seen, names := map[string]bool{}, []string{}
	for _, list := range lists {
		group := schema.FromAPIVersionAndKind(list.GroupVersion, "").Group
		for _, r := range list.APIResources {
			key := r.Name + "." + group
			if seen[key] {
				names = append(names, key)
			}
			seen[key] = true
		}
	}
	return names
}
