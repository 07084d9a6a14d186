package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// patches changes one deployment by patches of every kind, one after the other.
func patches(ctx context.Context, s *session) error {
	deployments := s.AppsV1().Deployments(s.namespace)
	labels := map[string]string{"app": "web"}
	_, err := deployments.Create(ctx, &appsv1.Deployment{ObjectMeta: named("web"), Spec: appsv1.DeploymentSpec{
		Replicas: ptr.To[int32](0), Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "main", Image: "nginx"}},
		}},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	patch := func(kind types.PatchType, text string, subresources ...string) (*appsv1.Deployment, error) {
		return deployments.Patch(ctx, "web", kind, []byte(text), metav1.PatchOptions{}, subresources...)
	}

	for _, step := range []struct {
		name string
		kind types.PatchType
		text string
	}{
		{"strategic, a second container", types.StrategicMergePatchType, `{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}`},
		{"strategic, the first changed", types.StrategicMergePatchType, `{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"nginx:1.28"}]}}}}`},
		{"strategic, the second deleted", types.StrategicMergePatchType, `{"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}}`},
		{"merge, the list replaced", types.MergePatchType, `{"spec":{"template":{"spec":{"containers":[{"name":"other","image":"nginx:1.29"}]}}}}`},
		{"json, tested and replaced", types.JSONPatchType, `[{"op":"test","path":"/spec/replicas","value":0},{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"nginx:1.30"}]`},
	} {
		d, err := patch(step.kind, step.text)
		if err != nil {
			return err
		}
		fact("%s: %v, generation %d", step.name, images(d.Spec.Template.Spec), d.Generation)
	}

	_, err = patch(types.JSONPatchType, `[{"op":"test","path":"/spec/replicas","value":7}]`)
	fact("json, a test that fails: %v", apierrors.ReasonForError(err))
	_, err = patch(types.JSONPatchType, `{"op":"test"}`)
	fact("json, no list: %v", apierrors.ReasonForError(err))
	_, err = patch(types.MergePatchType, `{"metadata":{"resourceVersion":"1"}}`)
	fact("merge, a stale revision: %v", apierrors.ReasonForError(err))
	_, err = patch(types.MergePatchType, `{"spec":{"selector":{"matchLabels":{"app":"other"}}}}`)
	fact("merge, the selector: %v %v", apierrors.ReasonForError(err), causes(err))
	_, err = patch("application/vnd.example.patch", `{}`)
	fact("a patch of no kind: %v", apierrors.ReasonForError(err))

	d, err := patch(types.MergePatchType, `{"spec":{"replicas":3},"status":{"replicas":7}}`, "status")
	if err != nil {
		return err
	}
	fact("the status alone: spec %d, status %d", *d.Spec.Replicas, d.Status.Replicas)
	return nil
}

func images(spec corev1.PodSpec) []string {
	told := []string{}
	for _, container := range spec.Containers {
		told = append(told, container.Name+"="+container.Image)
	}
	return told
}
