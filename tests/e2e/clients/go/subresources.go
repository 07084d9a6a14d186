package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
)

// subresources scales, evicts, resizes, debugs and reads logs; and gets a token that speaks for a service account.
func subresources(ctx context.Context, s *session) error {
	return first(
		func() error { return scales(ctx, s) },
		func() error { return runs(ctx, s) },
		func() error { return changesRunning(ctx, s) },
		func() error { return evicts(ctx, s) },
		func() error { return tokens(ctx, s) },
	)
}

// scales sets replicas through the typed client and through the client of any kind that has a scale.
func scales(ctx context.Context, s *session) error {
	labels := map[string]string{"app": "none"}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "main", Image: "nginx"}}, NodeSelector: map[string]string{"here": "nowhere"},
	}}
	_, err := s.AppsV1().StatefulSets(s.namespace).Create(ctx, &appsv1.StatefulSet{ObjectMeta: named("db"), Spec: appsv1.StatefulSetSpec{
		ServiceName: "db", Replicas: ptr.To[int32](1), Template: template, Selector: &metav1.LabelSelector{MatchLabels: labels},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	var typed, stale *autoscalingv1.Scale
	// The set's controller tells its status meanwhile.
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if typed, err = s.AppsV1().StatefulSets(s.namespace).GetScale(ctx, "db", metav1.GetOptions{}); err != nil {
			return err
		}
		typed.Spec.Replicas = 2
		stale = typed.DeepCopy()
		typed, err = s.AppsV1().StatefulSets(s.namespace).UpdateScale(ctx, "db", typed, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.AppsV1().StatefulSets(s.namespace).UpdateScale(ctx, "db", stale, metav1.UpdateOptions{})
	fact("scaled to %d, selector %s, stale: %v", typed.Spec.Replicas, typed.Status.Selector, apierrors.ReasonForError(err))

	groups, err := restmapper.GetAPIGroupResources(s.Discovery())
	if err != nil {
		return err
	}
	any, err := scale.NewForConfig(s.config, restmapper.NewDiscoveryRESTMapper(groups), dynamic.LegacyAPIPathResolverFunc,
		scale.NewDiscoveryScaleKindResolver(s.Discovery()))
	if err != nil {
		return err
	}
	resource := schema.GroupResource{Group: "apps", Resource: "statefulsets"}
	var of *autoscalingv1.Scale
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if of, err = any.Scales(s.namespace).Get(ctx, resource, "db", metav1.GetOptions{}); err != nil {
			return err
		}
		of.Spec.Replicas = 0
		of, err = any.Scales(s.namespace).Update(ctx, resource, of, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	set, err := s.AppsV1().StatefulSets(s.namespace).Get(ctx, "db", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fact("scaled as any kind to %d, the set's replicas: %d, generation %d", of.Spec.Replicas, *set.Spec.Replicas, set.Generation)
	return nil
}

// runs starts a pod and reads what it says.
func runs(ctx context.Context, s *session) error {
	for _, name := range []string{"one", "two"} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}}, Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To[int64](0),
			Containers: []corev1.Container{{Name: "main", Image: "nginx", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
			}}},
		}}
		if _, err := s.CoreV1().Pods(s.namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := s.until(ctx, name, func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning }); err != nil {
			return err
		}
	}
	stream, err := s.CoreV1().Pods(s.namespace).GetLogs("one", &corev1.PodLogOptions{}).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	if _, err := io.ReadAll(stream); err != nil {
		return err
	}
	fact("a pod runs, its log is read to the end")
	_, err = s.CoreV1().Pods(s.namespace).GetLogs("one", &corev1.PodLogOptions{Container: "nobody"}).Stream(ctx)
	fact("the log of no container: %v", apierrors.ReasonForError(err))
	return nil
}

// changesRunning adds a container to a running pod and gives it more of a resource.
func changesRunning(ctx context.Context, s *session) error {
	pods := s.CoreV1().Pods(s.namespace)
	before, err := pods.Get(ctx, "one", metav1.GetOptions{})
	if err != nil {
		return err
	}
	pod, err := changed(ctx, pods, func(pod *corev1.Pod) (*corev1.Pod, error) {
		pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, corev1.EphemeralContainer{
			EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug", Image: "busybox"},
		})
		return pods.UpdateEphemeralContainers(ctx, "one", pod, metav1.UpdateOptions{})
	})
	if err != nil {
		return err
	}
	fact("ephemeral containers: %d", len(pod.Spec.EphemeralContainers))
	more := func(pod *corev1.Pod) *corev1.Pod {
		pod.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("200m")
		return pod
	}
	_, err = changed(ctx, pods, func(pod *corev1.Pod) (*corev1.Pod, error) {
		return pods.Update(ctx, more(pod), metav1.UpdateOptions{})
	})
	fact("resources changed as part of the pod: %v %v", apierrors.ReasonForError(err), causes(err))
	pod, err = changed(ctx, pods, func(pod *corev1.Pod) (*corev1.Pod, error) {
		return pods.UpdateResize(ctx, "one", more(pod), metav1.UpdateOptions{})
	})
	if err != nil {
		return err
	}
	fact("resized to %s, changes of the spec: %d", pod.Spec.Containers[0].Resources.Requests.Cpu(), pod.Generation-before.Generation)
	return nil
}

// changed writes what the pod is now with a change; its node writes its status meanwhile.
func changed(ctx context.Context, pods typedcorev1.PodInterface, write func(*corev1.Pod) (*corev1.Pod, error)) (pod *corev1.Pod, err error) {
	err = onConflict(func() error {
		if pod, err = pods.Get(ctx, "one", metav1.GetOptions{}); err == nil {
			pod, err = write(pod)
		}
		return err
	})
	return pod, err
}

// evicts asks for a pod politely: a budget that allows no disruption refuses.
func evicts(ctx context.Context, s *session) error {
	budgets := s.PolicyV1().PodDisruptionBudgets(s.namespace)
	both := intstr.FromInt32(2)
	_, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{ObjectMeta: named("both"), Spec: policyv1.PodDisruptionBudgetSpec{
		MinAvailable: &both, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := eventually(ctx, "the budget is counted", func() error {
		budget, err := budgets.Get(ctx, "both", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return expect(budget.Status.ObservedGeneration == budget.Generation && budget.Status.ExpectedPods == 2, "two pods of it, not %+v", budget.Status)
	}); err != nil {
		return err
	}
	evict := func() error {
		return s.PolicyV1().Evictions(s.namespace).Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "two"}})
	}
	err = evict()
	fact("evicted against a budget: %v %v", apierrors.ReasonForError(err), causes(err))
	if err := budgets.Delete(ctx, "both", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := evict(); err != nil {
		return err
	}
	if err := eventually(ctx, "the pod goes", func() error {
		_, err := s.CoreV1().Pods(s.namespace).Get(ctx, "two", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.New("it is still there")
	}); err != nil {
		return err
	}
	fact("evicted without one: gone")
	return nil
}

// tokens lets a client be a service account.
func tokens(ctx context.Context, s *session) error {
	token, err := s.CoreV1().ServiceAccounts(s.namespace).CreateToken(ctx, "default", &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](600)},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	bearer := rest.AnonymousClientConfig(s.config)
	bearer.BearerToken = token.Status.Token
	account, err := kubernetes.NewForConfig(bearer)
	if err != nil {
		return err
	}
	self, err := account.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	fact("the token is of %s in %v", self.Status.UserInfo.Username, self.Status.UserInfo.Groups)
	review, err := s.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token.Status.Token},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	fact("reviewed: %t %s", review.Status.Authenticated, strings.TrimPrefix(review.Status.User.Username, "system:serviceaccount:"))
	return nil
}

// until watches a pod from its present state until it is as it should be.
func (s *session) until(ctx context.Context, name string, holds func(*corev1.Pod) bool) error {
	selector := fields.OneTermEqualSelector("metadata.name", name).String()
	_, err := watchtools.UntilWithSync(ctx, cache.NewFilteredListWatchFromClient(s.CoreV1().RESTClient(), "pods", s.namespace, func(options *metav1.ListOptions) {
		options.FieldSelector = selector
	}), &corev1.Pod{}, nil, func(event watch.Event) (bool, error) {
		pod, ok := event.Object.(*corev1.Pod)
		return ok && holds(pod), nil
	})
	if err != nil {
		return fmt.Errorf("pod %s: %w", name, err)
	}
	return nil
}
