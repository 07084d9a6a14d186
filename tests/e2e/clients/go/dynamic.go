package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

// dynamicObjects writes and reads kinds the client has no types for.
func dynamicObjects(ctx context.Context, s *session) error {
	client, err := dynamic.NewForConfig(s.config)
	if err != nil {
		return err
	}
	for _, sample := range []struct {
		resource schema.GroupVersionResource
		object   map[string]any
	}{
		{corev1.SchemeGroupVersion.WithResource("configmaps"), map[string]any{"kind": "ConfigMap", "apiVersion": "v1", "data": map[string]any{"a": "b"}}},
		{schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}, map[string]any{"kind": "Job", "apiVersion": "batch/v1", "spec": map[string]any{
			"suspend": true, "template": map[string]any{"spec": map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{"name": "main", "image": "busybox"}}}},
		}}},
		{schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}, map[string]any{"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "spec": map[string]any{"podSelector": map[string]any{}}}},
	} {
		if err := roundTrip(ctx, client.Resource(sample.resource).Namespace(s.namespace), sample.object); err != nil {
			return fmt.Errorf("%s: %w", sample.resource.Resource, err)
		}
	}
	return dynamicInformer(ctx, s, client)
}

func roundTrip(ctx context.Context, resource dynamic.ResourceInterface, content map[string]any) error {
	o := &unstructured.Unstructured{Object: content}
	o.SetName("dynamic")
	made, err := resource.Create(ctx, o, metav1.CreateOptions{FieldManager: "dynamic"})
	if err != nil {
		return err
	}
	var updated *unstructured.Unstructured
	// A controller may tell the object's status meanwhile.
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		made.SetAnnotations(map[string]string{"seen": "once"})
		if updated, err = resource.Update(ctx, made, metav1.UpdateOptions{}); err == nil {
			return nil
		}
		newest, getErr := resource.Get(ctx, "dynamic", metav1.GetOptions{})
		if getErr != nil {
			return getErr
		}
		made = newest
		return err
	})
	if err != nil {
		return err
	}
	patched, err := resource.Patch(ctx, "dynamic", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	applied := &unstructured.Unstructured{Object: map[string]any{"kind": o.GetKind(), "apiVersion": o.GetAPIVersion()}}
	applied.SetName("dynamic")
	applied.SetLabels(map[string]string{"c": "d"})
	owned, err := resource.Apply(ctx, "dynamic", applied, metav1.ApplyOptions{FieldManager: "applier"})
	if err != nil {
		return err
	}
	fact("%s: updated %s, patched %s, applied %s by %v", o.GetKind(), updated.GetAnnotations()["seen"], patched.GetLabels()["a"], owned.GetLabels()["c"], managers(owned.GetManagedFields()))
	return resource.Delete(ctx, "dynamic", metav1.DeleteOptions{})
}

// dynamicInformer follows Secrets as JSON and removes them as a collection.
func dynamicInformer(ctx context.Context, s *session, client dynamic.Interface) error {
	secrets := corev1.SchemeGroupVersion.WithResource("secrets")
	f := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, s.namespace, func(options *metav1.ListOptions) {
		options.LabelSelector = "kept=no"
	})
	defer f.Shutdown()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	informer := f.ForResource(secrets)
	before := s.wire.now()
	f.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		return context.Cause(ctx)
	}
	held := func(n int) func() error {
		return func() error {
			list, err := informer.Lister().List(labels.Everything())
			if err == nil && len(list) != n {
				err = fmt.Errorf("%d secrets are held", len(list))
			}
			return err
		}
	}
	for i := range 3 {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: nameOf(i), Labels: map[string]string{"kept": "no"}}}
		if _, err := s.CoreV1().Secrets(s.namespace).Create(ctx, secret, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := eventually(ctx, "the secrets come", held(3)); err != nil {
		return err
	}
	if err := client.Resource(secrets).Namespace(s.namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "kept=no"}); err != nil {
		return err
	}
	if err := eventually(ctx, "the secrets go", held(0)); err != nil {
		return err
	}
	fact("a dynamic informer, by streaming lists: %d, saw 3 secrets come and go", s.wire.since(before).streamingLists)
	return nil
}
