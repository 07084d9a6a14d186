package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

// kind is one of the kinds the informers are shown with: how its objects are written, and what the informer holds.
type kind struct {
	name     string
	informer cache.SharedIndexInformer
	create   func(ctx context.Context, name string) error
	label    func(ctx context.Context, name string) error
	remove   func(ctx context.Context, name string) error
	// versions are the resourceVersions of the objects that exist, by namespace/name.
	versions func(ctx context.Context) (map[string]string, error)
}

type object interface {
	runtime.Object
	metav1.Object
}

type typedClient[T object, L runtime.Object] interface {
	Get(context.Context, string, metav1.GetOptions) (T, error)
	List(context.Context, metav1.ListOptions) (L, error)
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Update(context.Context, T, metav1.UpdateOptions) (T, error)
	Delete(context.Context, string, metav1.DeleteOptions) error
}

type informerOf interface {
	Informer() cache.SharedIndexInformer
}

// twentyKinds are made in the namespace; one of them, PersistentVolume, is of no namespace.
func twentyKinds(clients kubernetes.Interface, f informers.SharedInformerFactory, namespace string) []*kind {
	core, apps, batch := clients.CoreV1(), clients.AppsV1(), clients.BatchV1()
	labels := map[string]string{"app": "none"}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	pod := corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "nginx"}}}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod}
	once := *template.DeepCopy()
	once.Spec.RestartPolicy = corev1.RestartPolicyNever
	gigabyte := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	readWriteOnce := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	suspendedJob := batchv1.JobSpec{Suspend: ptr.To(true), Template: once}

	return []*kind{
		kindOf(f.Core().V1().ConfigMaps(), core.ConfigMaps(namespace), corev1.ConfigMap{Data: map[string]string{"key": "value"}}),
		kindOf(f.Core().V1().Secrets(), core.Secrets(namespace), corev1.Secret{Data: map[string][]byte{"key": {0, 255}}}),
		kindOf(f.Core().V1().Services(), core.Services(namespace), corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}),
		kindOf(f.Core().V1().ServiceAccounts(), core.ServiceAccounts(namespace), corev1.ServiceAccount{}),
		kindOf(f.Core().V1().Pods(), core.Pods(namespace), corev1.Pod{Spec: pod}),
		kindOf(f.Core().V1().PodTemplates(), core.PodTemplates(namespace), corev1.PodTemplate{Template: template}),
		kindOf(f.Core().V1().PersistentVolumes(), core.PersistentVolumes(), corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{
			Capacity: gigabyte, AccessModes: readWriteOnce, StorageClassName: "by-hand",
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/tmp"}},
		}}),
		kindOf(f.Core().V1().PersistentVolumeClaims(), core.PersistentVolumeClaims(namespace), corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: readWriteOnce, Resources: corev1.VolumeResourceRequirements{Requests: gigabyte}, StorageClassName: ptr.To("by-no-one"),
		}}),
		kindOf(f.Apps().V1().Deployments(), apps.Deployments(namespace), appsv1.Deployment{Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](0), Selector: selector, Template: template,
		}}),
		kindOf(f.Apps().V1().ReplicaSets(), apps.ReplicaSets(namespace), appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{
			Replicas: ptr.To[int32](0), Selector: selector, Template: template,
		}}),
		kindOf(f.Apps().V1().StatefulSets(), apps.StatefulSets(namespace), appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To[int32](0), Selector: selector, Template: template, ServiceName: "none",
		}}),
		kindOf(f.Apps().V1().DaemonSets(), apps.DaemonSets(namespace), appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{
			Selector: selector, Template: nowhere(template),
		}}),
		kindOf(f.Batch().V1().Jobs(), batch.Jobs(namespace), batchv1.Job{Spec: suspendedJob}),
		kindOf(f.Batch().V1().CronJobs(), batch.CronJobs(namespace), batchv1.CronJob{Spec: batchv1.CronJobSpec{
			Schedule: "0 0 1 1 *", Suspend: ptr.To(true), JobTemplate: batchv1.JobTemplateSpec{Spec: suspendedJob},
		}}),
		kindOf(f.Autoscaling().V2().HorizontalPodAutoscalers(), clients.AutoscalingV2().HorizontalPodAutoscalers(namespace), autoscalingv2.HorizontalPodAutoscaler{
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 2, ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
				APIVersion: "apps/v1", Kind: "Deployment", Name: "none",
			}},
		}),
		kindOf(f.Networking().V1().Ingresses(), clients.NetworkingV1().Ingresses(namespace), networkingv1.Ingress{Spec: networkingv1.IngressSpec{
			DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
				Name: "none", Port: networkingv1.ServiceBackendPort{Number: 80},
			}},
		}}),
		kindOf(f.Networking().V1().NetworkPolicies(), clients.NetworkingV1().NetworkPolicies(namespace), networkingv1.NetworkPolicy{}),
		kindOf(f.Policy().V1().PodDisruptionBudgets(), clients.PolicyV1().PodDisruptionBudgets(namespace), policyv1.PodDisruptionBudget{
			Spec: policyv1.PodDisruptionBudgetSpec{Selector: selector},
		}),
		kindOf(f.Rbac().V1().Roles(), clients.RbacV1().Roles(namespace), rbacv1.Role{Rules: []rbacv1.PolicyRule{{
			Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"},
		}}}),
		kindOf(f.Coordination().V1().Leases(), clients.CoordinationV1().Leases(namespace), coordinationv1.Lease{}),
	}
}

func nowhere(template corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	template.Spec.NodeSelector = map[string]string{"here": "nowhere"}
	return template
}

func kindOf[V any, T interface {
	*V
	object
}, L runtime.Object](informer informerOf, client typedClient[T, L], value V) *kind {
	sample := T(&value)
	k := &kind{name: fmt.Sprintf("%T", value), informer: informer.Informer()}
	k.create = func(ctx context.Context, name string) error {
		o := sample.DeepCopyObject().(T)
		o.SetName(name)
		_, err := client.Create(ctx, o, metav1.CreateOptions{})
		return err
	}
	k.label = func(ctx context.Context, name string) error {
		return onConflict(func() error {
			o, err := client.Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			o.SetLabels(map[string]string{"seen": "twice"})
			_, err = client.Update(ctx, o, metav1.UpdateOptions{})
			return err
		})
	}
	k.remove = func(ctx context.Context, name string) error {
		return client.Delete(ctx, name, metav1.DeleteOptions{})
	}
	k.versions = func(ctx context.Context) (map[string]string, error) {
		list, err := client.List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		versions := map[string]string{}
		return versions, meta.EachListItem(list, func(o runtime.Object) error {
			return noteVersion(versions, o)
		})
	}
	return k
}

func noteVersion(versions map[string]string, o any) error {
	key, err := cache.MetaNamespaceKeyFunc(o)
	if err != nil {
		return err
	}
	accessor, err := meta.Accessor(o)
	versions[key] = accessor.GetResourceVersion()
	return err
}
