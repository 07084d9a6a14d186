package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingapply "k8s.io/client-go/applyconfigurations/autoscaling/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
)

// apply owns fields with server-side apply: two managers share an object, collide, give up what they leave out.
func apply(ctx context.Context, s *session) error {
	deployments := s.AppsV1().Deployments(s.namespace)
	ship := metav1.ApplyOptions{FieldManager: "ship"}
	tug := metav1.ApplyOptions{FieldManager: "tug"}
	force := metav1.ApplyOptions{FieldManager: "tug", Force: true}

	made, err := deployments.Apply(ctx, webDeployment(s.namespace).WithLabels(map[string]string{"line": "blue"}), ship)
	if err != nil {
		return err
	}
	fact("apply creates: replicas %d, managers %v", *made.Spec.Replicas, managers(made.ManagedFields))

	again, err := deployments.Apply(ctx, webDeployment(s.namespace).WithLabels(map[string]string{"line": "blue"}), ship)
	if err != nil {
		return err
	}
	fact("applied again, the spec's generation: %d", again.Generation)

	replicas := func(n int32) *appsapply.DeploymentApplyConfiguration {
		return appsapply.Deployment("web", s.namespace).WithSpec(appsapply.DeploymentSpec().WithReplicas(n))
	}
	_, err = deployments.Apply(ctx, replicas(2), tug)
	if wrong := refused(err, apierrors.IsConflict, `Apply failed with 1 conflict: conflict with "ship": .spec.replicas`); wrong != nil {
		return wrong
	}
	fact("a field of another manager: %v", causes(err))
	taken, err := deployments.Apply(ctx, replicas(2), force)
	if err != nil {
		return err
	}
	fact("forced: replicas %d, managers %v", *taken.Spec.Replicas, managers(taken.ManagedFields))

	without, err := deployments.Apply(ctx, webDeployment(s.namespace, withoutReplicas), ship)
	if err != nil {
		return err
	}
	fact("left out: labels %d, replicas %d", len(without.Labels), *without.Spec.Replicas)

	extracted, err := appsapply.ExtractDeployment(without, "tug")
	if err != nil {
		return err
	}
	fact("extracted of the tug's: replicas %d, template nil: %t", *extracted.Spec.Replicas, extracted.Spec.Template == nil)
	return first(
		func() error { return applySubresources(ctx, s) },
		func() error { return applyLists(ctx, s) },
	)
}

// applySubresources owns the status and the scale of a deployment apart from its spec.
func applySubresources(ctx context.Context, s *session) error {
	deployments := s.AppsV1().Deployments(s.namespace)
	condition := appsapply.DeploymentCondition().WithType("Painted").WithStatus(corev1.ConditionTrue).
		WithReason("Dry").WithMessage("blue").WithLastTransitionTime(metav1.Unix(0, 0)).WithLastUpdateTime(metav1.Unix(0, 0))
	painted, err := deployments.ApplyStatus(ctx, appsapply.Deployment("web", s.namespace).
		WithStatus(appsapply.DeploymentStatus().WithConditions(condition)), metav1.ApplyOptions{FieldManager: "painter"})
	if err != nil {
		return err
	}
	fact("status applied: painted %t, by %v", hasCondition(painted, "Painted"), managersOf(painted.ManagedFields, "status", "painter"))

	scale, err := deployments.ApplyScale(ctx, "web", autoscalingapply.Scale().
		WithSpec(autoscalingapply.ScaleSpec().WithReplicas(1)), metav1.ApplyOptions{FieldManager: "scaler", Force: true})
	if err != nil {
		return err
	}
	scaled, err := deployments.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fact("scale applied: %d, by %v", scale.Spec.Replicas, managersOf(scaled.ManagedFields, "scale", "scaler"))
	return nil
}

// applyLists merges what two managers say of one list by its keys.
func applyLists(ctx context.Context, s *session) error {
	services := s.CoreV1().Services(s.namespace)
	port := func(name string, number int32) *coreapply.ServiceApplyConfiguration {
		return coreapply.Service("web", s.namespace).WithSpec(coreapply.ServiceSpec().
			WithPorts(coreapply.ServicePort().WithName(name).WithPort(number).WithProtocol(corev1.ProtocolTCP)))
	}
	if _, err := services.Apply(ctx, port("http", 80), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	both, err := services.Apply(ctx, port("https", 443), metav1.ApplyOptions{FieldManager: "two"})
	if err != nil {
		return err
	}
	moved, err := services.Apply(ctx, port("http", 8080), metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	fact("ports of two managers: %v, then %v", ports(both), ports(moved))
	return nil
}

type templateOption func(*appsapply.DeploymentSpecApplyConfiguration)

func withoutReplicas(spec *appsapply.DeploymentSpecApplyConfiguration) { spec.Replicas = nil }

func webDeployment(namespace string, options ...templateOption) *appsapply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": "web"}
	spec := appsapply.DeploymentSpec().WithReplicas(0).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).
			WithSpec(coreapply.PodSpec().WithContainers(coreapply.Container().WithName("main").WithImage("nginx"))))
	for _, option := range options {
		option(spec)
	}
	return appsapply.Deployment("web", namespace).WithSpec(spec)
}

func managers(entries []metav1.ManagedFieldsEntry) []string {
	names := []string{}
	for _, entry := range entries {
		if entry.Operation == metav1.ManagedFieldsOperationApply {
			names = append(names, entry.Manager)
		}
	}
	return names
}

func managersOf(entries []metav1.ManagedFieldsEntry, subresource, manager string) []string {
	names := []string{}
	for _, entry := range entries {
		if entry.Subresource == subresource && entry.Manager == manager {
			names = append(names, entry.Manager)
		}
	}
	return names
}

func hasCondition(d *appsv1.Deployment, kind appsv1.DeploymentConditionType) bool {
	for _, condition := range d.Status.Conditions {
		if condition.Type == kind {
			return true
		}
	}
	return false
}
