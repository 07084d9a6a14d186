package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// writes creates, collides, retries, tries without effect and removes, and reads the reasons of every refusal.
func writes(ctx context.Context, s *session) error {
	return first(
		func() error { return creates(ctx, s) },
		func() error { return conflicts(ctx, s) },
		func() error { return invalids(ctx, s) },
		func() error { return dryRuns(ctx, s) },
		func() error { return removals(ctx, s) },
	)
}

func creates(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	generated, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "any-"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	fact("a generated name: %t %d", strings.HasPrefix(generated.Name, "any-"), len(generated.Name)-len("any-"))
	_, err = s.configMap(ctx, generated.Name, nil)
	fact("made twice: %v, the same name: %t", apierrors.ReasonForError(err), strings.Contains(fmt.Sprint(err), fmt.Sprintf("configmaps %q already exists", generated.Name)))

	o := generated.DeepCopy()
	same, err := configMaps.Update(ctx, o, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	fact("an update that changes nothing keeps the revision: %t", same.ResourceVersion == generated.ResourceVersion)
	o.UID = "00000000-0000-0000-0000-000000000000"
	_, err = configMaps.Update(ctx, o, metav1.UpdateOptions{})
	fact("another uid: %v", apierrors.ReasonForError(err))
	o = generated.DeepCopy()
	o.Name = "nobody"
	o.ResourceVersion = ""
	o.UID = ""
	_, err = configMaps.Update(ctx, o, metav1.UpdateOptions{})
	fact("an update of nothing: %v", apierrors.ReasonForError(err))
	_, err = s.CoreV1().ConfigMaps("nowhere").Create(ctx, &corev1.ConfigMap{ObjectMeta: named("a")}, metav1.CreateOptions{})
	fact("a namespace that is not there: %v %v", apierrors.ReasonForError(err), err)
	return nil
}

// conflicts lets five writers count in one object: the optimistic lock loses no count.
func conflicts(ctx context.Context, s *session) error {
	const writers, counts = 5, 10
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	stale, err := s.configMap(ctx, "counter", map[string]string{"n": "0"})
	if err != nil {
		return err
	}
	done := make(chan error, writers)
	for range writers {
		go func() {
			for range counts {
				if err := increment(ctx, s); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			return err
		}
	}
	o, err := configMaps.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fact("counted by %d writers: %s", writers, o.Data["n"])
	_, err = configMaps.Update(ctx, stale, metav1.UpdateOptions{})
	fact("a stale revision: %v %v", apierrors.ReasonForError(err), err)
	return nil
}

func increment(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	for {
		o, err := configMaps.Get(ctx, "counter", metav1.GetOptions{})
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(o.Data["n"])
		if err != nil {
			return err
		}
		o.Data["n"] = strconv.Itoa(n + 1)
		if _, err = configMaps.Update(ctx, o, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			return err
		}
	}
}

func invalids(ctx context.Context, s *session) error {
	_, err := s.configMap(ctx, "Not_A_Name", nil)
	fact("a name that is none: %v %v", apierrors.ReasonForError(err), causes(err))
	_, err = s.AppsV1().Deployments(s.namespace).Create(ctx, &appsv1.Deployment{ObjectMeta: named("empty")}, metav1.CreateOptions{})
	fact("an empty deployment: %v %v", apierrors.ReasonForError(err), causes(err))
	_, err = s.CoreV1().Services(s.namespace).Create(ctx, &corev1.Service{ObjectMeta: named("odd"), Spec: corev1.ServiceSpec{
		Type: "Odd", Ports: []corev1.ServicePort{{Port: 70000}},
	}}, metav1.CreateOptions{})
	fact("an odd service: %v %v", apierrors.ReasonForError(err), causes(err))
	return nil
}

func dryRuns(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	all := []string{metav1.DryRunAll}
	made, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: named("tried")}, metav1.CreateOptions{DryRun: all})
	if err != nil {
		return err
	}
	_, err = configMaps.Get(ctx, "tried", metav1.GetOptions{})
	fact("tried without effect: uid %t, then %v", made.UID != "", apierrors.ReasonForError(err))
	_, err = configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: named("tried")}, metav1.CreateOptions{DryRun: []string{"Some"}})
	fact("half a trial: %v", apierrors.ReasonForError(err))
	return nil
}

// removals shows preconditions, finalizers, grace, propagation and collections.
func removals(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	held, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: "held", Finalizers: []string{"example.com/hold"}, Labels: map[string]string{"held": "yes"},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	other := types.UID("00000000-0000-0000-0000-000000000000")
	err = configMaps.Delete(ctx, "held", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	fact("removed under another uid: %v", apierrors.ReasonForError(err))
	return finalized(ctx, s, held)
}

func finalized(ctx context.Context, s *session, held *corev1.ConfigMap) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	if err := configMaps.Delete(ctx, "held", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &held.UID}}); err != nil {
		return err
	}
	leaving, err := configMaps.Get(ctx, "held", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fact("held by a finalizer: %t", leaving.DeletionTimestamp != nil)
	leaving.Finalizers = nil
	if _, err := configMaps.Update(ctx, leaving, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err = configMaps.Get(ctx, "held", metav1.GetOptions{})
	fact("let go: %v", apierrors.ReasonForError(err))

	err = configMaps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{FieldSelector: "metadata.name!=kube-root-ca.crt"})
	if err != nil {
		return err
	}
	left, err := configMaps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	fact("left of the collection: %d", len(left.Items))
	return nil
}
