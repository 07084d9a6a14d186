package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const farewell = "example.com/farewell"

// operator runs a controller-runtime operator that owns a deployment for every website, on protobuf for all built-in
// kinds, and lives through a website's whole life with it.
func operator(ctx context.Context, s *session) error {
	ctrl.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), apiextensionsv1.AddToScheme(scheme), addWebsite(scheme)); err != nil {
		return err
	}
	definition := websiteDefinition()
	if _, err := envtest.InstallCRDs(s.config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{definition}}); err != nil {
		return err
	}
	fact("the definition is established and served")

	before := s.wire.now()
	manager, err := ctrl.NewManager(s.config, ctrl.Options{
		Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "operator", LeaderElectionNamespace: s.namespace, LeaderElectionReleaseOnCancel: true,
		Cache: cache.Options{DefaultNamespaces: map[string]cache.Config{s.namespace: {}}},
	})
	if err != nil {
		return err
	}
	reconciler := &websites{Client: manager.GetClient(), scheme: scheme, events: manager.GetEventRecorder("operator")}
	if err := ctrl.NewControllerManagedBy(manager).For(&Website{}).Owns(&appsv1.Deployment{}).Complete(reconciler); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()

	// Not the manager's client: that one reads from a cache, which may be behind.
	user, err := client.New(s.config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	if err := websiteLife(ctx, s, user); err != nil {
		return err
	}
	sent := s.wire.since(before)
	fact("streaming lists: %d, lists: %d, protobuf on: %t", sent.streamingLists, sent.lists, sent.protobufAnswers > 0 && sent.protobufBodies > 0)
	stop()
	return <-ended
}

func websiteLife(ctx context.Context, s *session, c client.Client) error {
	site := &Website{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "home"}, Spec: WebsiteSpec{Image: "nginx"}}
	if err := c.Create(ctx, site); err != nil {
		return err
	}
	fact("made with a default: replicas %d", site.Spec.Replicas)
	if err := ready(ctx, c, site); err != nil {
		return err
	}
	fact("ready at generation %d, its deployment has %s", site.Generation, deployed(ctx, s))

	patch := client.MergeFrom(site.DeepCopyObject().(*Website))
	site.Spec.Replicas = 3
	if err := c.Patch(ctx, site, patch); err != nil {
		return err
	}
	if err := ready(ctx, c, site); err != nil {
		return err
	}
	fact("ready at generation %d, its deployment has %s", site.Generation, deployed(ctx, s))

	small := site.DeepCopyObject().(*Website)
	small.Spec.Replicas = 1
	err := c.Update(ctx, small)
	fact("shrunk: %v %v", apierrors.ReasonForError(err), causes(err))
	large := site.DeepCopyObject().(*Website)
	large.Spec.Replicas = 10
	err = c.Update(ctx, large)
	fact("ten: %v %v", apierrors.ReasonForError(err), causes(err))

	if err := s.AppsV1().Deployments(s.namespace).Delete(ctx, "home", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := eventually(ctx, "the deployment is made again", func() error {
		_, err := s.AppsV1().Deployments(s.namespace).Get(ctx, "home", metav1.GetOptions{})
		return err
	}); err != nil {
		return err
	}
	fact("a deployment somebody removes is made again")
	return websiteEnd(ctx, s, c, site)
}

// websiteEnd removes the website: the operator's finalizer lets it go, the garbage collector takes its deployment.
func websiteEnd(ctx context.Context, s *session, c client.Client, site *Website) error {
	if err := c.Delete(ctx, site); err != nil {
		return err
	}
	if err := eventually(ctx, "the website and its deployment go", func() error {
		_, err := s.AppsV1().Deployments(s.namespace).Get(ctx, "home", metav1.GetOptions{})
		gone := apierrors.IsNotFound(c.Get(ctx, client.ObjectKeyFromObject(site), site)) && apierrors.IsNotFound(err)
		return expect(gone, "both to be gone")
	}); err != nil {
		return err
	}
	fact("removed, the deployment is collected")
	return eventually(ctx, "events", func() error {
		told, err := s.EventsV1().Events(s.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Farewell,regarding.kind=Website"})
		if err != nil {
			return err
		}
		if err := expect(len(told.Items) == 1, "one event, not %d", len(told.Items)); err != nil {
			return err
		}
		fact("its event: %s %s", told.Items[0].Regarding.Name, told.Items[0].Note)
		return nil
	})
}

// ready waits until the operator says of the website's present generation that it is ready.
func ready(ctx context.Context, c client.Client, site *Website) error {
	return eventually(ctx, "the website is ready", func() error {
		if err := c.Get(ctx, client.ObjectKeyFromObject(site), site); err != nil {
			return err
		}
		condition := meta.FindStatusCondition(site.Status.Conditions, "Ready")
		is := condition != nil && condition.Status == metav1.ConditionTrue && condition.ObservedGeneration == site.Generation
		return expect(is, "readiness of generation %d, but it is %+v", site.Generation, site.Status)
	})
}

func deployed(ctx context.Context, s *session) string {
	d, err := s.AppsV1().Deployments(s.namespace).Get(ctx, "home", metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d replicas, owned by %s", d.Status.AvailableReplicas, d.OwnerReferences[0].Kind)
}

// websites is the reconciler: level-based, as every operator.
type websites struct {
	client.Client
	scheme *runtime.Scheme
	events events.EventRecorder
}

func (r *websites) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	site := &Website{}
	if err := r.Get(ctx, request.NamespacedName, site); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !site.DeletionTimestamp.IsZero() {
		r.events.Eventf(site, nil, corev1.EventTypeNormal, "Farewell", "Remove", "%d replicas go", site.Spec.Replicas)
		controllerutil.RemoveFinalizer(site, farewell)
		return ctrl.Result{}, client.IgnoreNotFound(r.Update(ctx, site))
	}
	if controllerutil.AddFinalizer(site, farewell) {
		return ctrl.Result{}, r.Update(ctx, site)
	}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: site.Name}}
	if _, err := controllerutil.CreateOrUpdate(ctx, r.Client, d, func() error {
		shape(d, map[string]string{"website": site.Name}, site.Spec.Replicas, site.Spec.Image)
		return controllerutil.SetControllerReference(site, d, r.scheme)
	}); err != nil {
		return ctrl.Result{}, err
	}
	status := metav1.ConditionFalse
	if d.Status.ObservedGeneration == d.Generation && d.Status.AvailableReplicas == site.Spec.Replicas {
		status = metav1.ConditionTrue
	}
	changed := meta.SetStatusCondition(&site.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: status, Reason: "Counted", ObservedGeneration: site.Generation,
	})
	if !changed {
		return ctrl.Result{}, nil
	}
	site.Status.ObservedGeneration = site.Generation
	return ctrl.Result{}, r.Status().Update(ctx, site)
}
