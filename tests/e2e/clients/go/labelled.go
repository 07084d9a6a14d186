package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// labelled runs an operator of built-in kinds alone, so that every byte of it is protobuf: a labelled config map asks for
// a deployment of so many replicas and is told when they are available.
func labelled(ctx context.Context, s *session) error {
	ctrl.SetLogger(logr.Discard())
	manager, err := ctrl.NewManager(s.config, ctrl.Options{
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{s.namespace: {}}},
	})
	if err != nil {
		return err
	}
	wanted, err := predicate.LabelSelectorPredicate(metav1.LabelSelector{MatchLabels: map[string]string{"serve": "yes"}})
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(manager).
		For(&corev1.ConfigMap{}, builder.WithPredicates(wanted)).Owns(&appsv1.Deployment{}).
		Complete(&server{manager.GetClient()})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	before := s.wire.now()
	go func() { ended <- manager.Start(ctx) }()

	if err := labelledLife(ctx, s); err != nil {
		return err
	}
	sent := s.wire.since(before)
	fact("streaming lists: %d, lists: %d, all bodies protobuf: %t", sent.streamingLists, sent.lists, sent.bodies == sent.protobufBodies)
	stop()
	return <-ended
}

func labelledLife(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	site, err := configMaps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "home", Labels: map[string]string{"serve": "yes"}}, Data: map[string]string{"replicas": "2"},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	for _, replicas := range []string{"2", "3", "1"} {
		if err := onConflict(func() error {
			site, err := configMaps.Get(ctx, "home", metav1.GetOptions{})
			if err != nil {
				return err
			}
			site.Data["replicas"] = replicas
			_, err = configMaps.Update(ctx, site, metav1.UpdateOptions{})
			return err
		}); err != nil {
			return err
		}
		if err := eventually(ctx, "the replicas are available", func() error {
			site, err = configMaps.Get(ctx, "home", metav1.GetOptions{})
			if err != nil {
				return err
			}
			return expect(site.Data["available"] == replicas, "%s available, not %q", replicas, site.Data["available"])
		}); err != nil {
			return err
		}
		fact("available as asked for: %s", replicas)
	}
	if err := configMaps.Delete(ctx, "home", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := eventually(ctx, "the deployment is collected", func() error {
		_, err := s.AppsV1().Deployments(s.namespace).Get(ctx, "home", metav1.GetOptions{})
		return expect(apierrors.IsNotFound(err), "it to be gone, not %v", err)
	}); err != nil {
		return err
	}
	fact("removed with its deployment")
	return nil
}

// server makes deployments of labelled config maps.
type server struct{ client.Client }

func (r *server) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	site := &corev1.ConfigMap{}
	if err := r.Get(ctx, request.NamespacedName, site); err != nil || !site.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	replicas, err := strconv.ParseInt(site.Data["replicas"], 10, 32)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("replicas: %w", err)
	}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: site.Name}}
	if _, err := controllerutil.CreateOrUpdate(ctx, r.Client, d, func() error {
		shape(d, map[string]string{"site": site.Name}, int32(replicas), "nginx")
		return controllerutil.SetControllerReference(site, d, r.Scheme())
	}); err != nil {
		return ctrl.Result{}, err
	}
	available := strconv.Itoa(int(d.Status.AvailableReplicas))
	if d.Status.ObservedGeneration != d.Generation || d.Status.Replicas != *d.Spec.Replicas || site.Data["available"] == available {
		return ctrl.Result{}, nil
	}
	site.Data["available"] = available
	return ctrl.Result{}, r.Update(ctx, site)
}

// shape says what an operator says of its deployment, and leaves the rest of it alone.
func shape(d *appsv1.Deployment, labels map[string]string, replicas int32, image string) {
	d.Spec.Replicas = &replicas
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels = labels
	if len(d.Spec.Template.Spec.Containers) == 0 {
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "main"}}
	}
	d.Spec.Template.Spec.Containers[0].Image = image
}
