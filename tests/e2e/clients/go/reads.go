package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/pager"
)

const paged = 45

// reads lists in pages, at revisions, by selectors and as metadata only, and meets the refusals of a read.
func reads(ctx context.Context, s *session) error {
	for i := range paged {
		o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("page-%02d", i), Labels: map[string]string{"third": strconv.Itoa(i % 3)},
		}}
		if _, err := s.CoreV1().ConfigMaps(s.namespace).Create(ctx, o, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return first(
		func() error { return pages(ctx, s) },
		func() error { return pagedByLibrary(ctx, s) },
		func() error { return revisions(ctx, s) },
		func() error { return selectors(ctx, s) },
		func() error { return metadataOnly(ctx, s) },
		func() error { return selectorTransitions(ctx, s) },
	)
}

// pages reads three pages by hand: all are of the first page's revision, whatever is written in between.
func pages(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	options := metav1.ListOptions{Limit: 20}
	names, revisions, remaining := map[string]bool{}, map[string]bool{}, []int64{}
	for {
		page, err := configMaps.List(ctx, options)
		if err != nil {
			return err
		}
		for _, o := range page.Items {
			names[o.Name] = true
		}
		revisions[page.ResourceVersion] = true
		if page.Continue == "" {
			break
		}
		remaining = append(remaining, *page.RemainingItemCount)
		options.Continue = page.Continue
		if err := configMaps.Delete(ctx, fmt.Sprintf("page-%02d", paged-len(remaining)), metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	fact("objects in pages of 20: %d, remaining %v, revisions: %d", len(names), remaining, len(revisions))

	_, err := configMaps.List(ctx, metav1.ListOptions{Limit: 1, Continue: "nonsense"})
	fact("a continue token nobody gave: %v", apierrors.ReasonForError(err))
	// Without the library's retries, which go on for most of a minute.
	err = s.CoreV1().RESTClient().Get().Namespace(s.namespace).Resource("configmaps").MaxRetries(0).Param("resourceVersion", "999999999").Do(ctx).Error()
	fact("a revision of the future: %v %v", apierrors.ReasonForError(err), causes(err))
	_, err = configMaps.List(ctx, metav1.ListOptions{ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	fact("a match without a revision: %v %v", apierrors.ReasonForError(err), causes(err))
	return nil
}

func pagedByLibrary(ctx context.Context, s *session) error {
	p := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return s.CoreV1().ConfigMaps(s.namespace).List(ctx, options)
	})
	p.PageSize = 7
	n := 0
	err := p.EachListItem(ctx, metav1.ListOptions{}, func(runtime.Object) error {
		n++
		return nil
	})
	fact("objects the library pages through: %d", n)
	return err
}

// revisions reads the past exactly, the present at least, and any that is at hand.
func revisions(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	before, err := configMaps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	late, err := s.configMap(ctx, "late", nil)
	if err != nil {
		return err
	}
	count := func(revision string, match metav1.ResourceVersionMatch) (int, error) {
		list, err := configMaps.List(ctx, metav1.ListOptions{ResourceVersion: revision, ResourceVersionMatch: match})
		if err != nil {
			return 0, err
		}
		return len(list.Items) - len(before.Items), nil
	}
	exact, err := count(before.ResourceVersion, metav1.ResourceVersionMatchExact)
	if err != nil {
		return err
	}
	atLeast, err := count(late.ResourceVersion, metav1.ResourceVersionMatchNotOlderThan)
	if err != nil {
		return err
	}
	fact("objects more than before: exactly then %d, not older than now %d", exact, atLeast)
	return configMaps.Delete(ctx, "late", metav1.DeleteOptions{})
}

func selectors(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	count := func(options metav1.ListOptions) (int, error) {
		list, err := configMaps.List(ctx, options)
		if err != nil {
			return 0, err
		}
		return len(list.Items), nil
	}
	for _, selector := range []string{"third=0", "third in (0,1)", "third notin (0,1)", "!third", "third,third!=2"} {
		n, err := count(metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return err
		}
		fact("labels %s: %d", selector, n)
	}
	n, err := count(metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", "page-07").String()})
	if err != nil {
		return err
	}
	fact("a name as a field: %d", n)
	_, err = count(metav1.ListOptions{FieldSelector: "data.key=1"})
	fact("a field nobody selects by: %v %v", apierrors.ReasonForError(err), err)
	_, err = count(metav1.ListOptions{LabelSelector: "third in"})
	fact("half a selector: %v", apierrors.ReasonForError(err))
	_, err = configMaps.Get(ctx, "nobody", metav1.GetOptions{})
	fact("an object that is not there: %v %v", apierrors.ReasonForError(err), err)
	return nil
}

// metadataOnly reads PartialObjectMetadata, as the garbage collector and quota controllers of others do.
func metadataOnly(ctx context.Context, s *session) error {
	client, err := metadata.NewForConfig(metadata.ConfigFor(s.config))
	if err != nil {
		return err
	}
	resource := client.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(s.namespace)
	before := s.wire.now()
	list, err := resource.List(ctx, metav1.ListOptions{Limit: 10})
	if err != nil {
		return err
	}
	one, err := resource.Get(ctx, "page-00", metav1.GetOptions{})
	if err != nil {
		return err
	}
	answers := s.wire.since(before)
	fact("metadata only: %d and %s, protobuf: %t", len(list.Items), one.Name, answers.protobufAnswers == answers.answers)
	return nil
}

// selectorTransitions sees an object come into a selection and leave it, though it was neither made nor removed.
func selectorTransitions(ctx context.Context, s *session) error {
	configMaps := s.CoreV1().ConfigMaps(s.namespace)
	o, err := s.configMap(ctx, "wanderer", nil)
	if err != nil {
		return err
	}
	watching, err := configMaps.Watch(ctx, metav1.ListOptions{LabelSelector: "in", ResourceVersion: o.ResourceVersion})
	if err != nil {
		return err
	}
	defer watching.Stop()
	for _, labels := range []map[string]string{{"in": "1"}, {"in": "2"}, {"out": "1"}, {"in": "3"}} {
		o.Labels = labels
		if o, err = configMaps.Update(ctx, o, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	seen := []watch.EventType{}
	for event := range watching.ResultChan() {
		seen = append(seen, event.Type)
		if len(seen) == 4 {
			break
		}
	}
	fact("an object that wanders: %v", seen)
	return nil
}
