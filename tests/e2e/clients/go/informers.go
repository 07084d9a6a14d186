package main

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

const (
	beforeSync = 5  // objects of each kind that exist when the informers start
	afterSync  = 10 // objects of each kind that come later
	removed    = 5  // objects of each kind that go
)

// sharedInformers lets twenty informers follow a few hundred objects through their lives, all on streaming lists.
func sharedInformers(ctx context.Context, s *session) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	f := informers.NewSharedInformerFactoryWithOptions(s, 0, informers.WithNamespace(s.namespace))
	defer f.Shutdown()
	defer stop()
	kinds := twentyKinds(s, f, s.namespace)
	stories := make([]*story, len(kinds))
	for i, k := range kinds {
		stories[i] = &story{lives: map[string]life{}}
		if _, err := k.informer.AddEventHandler(stories[i].handler()); err != nil {
			return err
		}
	}

	if err := each(kinds, beforeSync, func(k *kind, i int) error { return k.create(ctx, nameOf(i)) }); err != nil {
		return err
	}
	fact("objects made before: %d", beforeSync*len(kinds))
	before := s.wire.now()
	f.StartWithContext(ctx)
	if result := f.WaitForCacheSyncWithContext(ctx); result.Err != nil {
		return result.Err
	}
	sent := s.wire.since(before)
	fact("informers synced: %d, by streaming lists: %d, by lists: %d", len(kinds), sent.streamingLists, sent.lists)
	fact("all answers protobuf: %t, all over HTTP/2: %t", sent.protobufAnswers == sent.answers, sent.http2 == sent.answers)

	before = s.wire.now()
	if err := first(
		func() error {
			return each(kinds, afterSync, func(k *kind, i int) error { return k.create(ctx, nameOf(beforeSync+i)) })
		},
		func() error {
			return each(kinds, beforeSync+afterSync, func(k *kind, i int) error { return k.label(ctx, nameOf(i)) })
		},
		func() error {
			return each(kinds, removed, func(k *kind, i int) error { return k.remove(ctx, nameOf(i)) })
		},
	); err != nil {
		return err
	}
	sent = s.wire.since(before)
	fact("objects made after: %d, all bodies protobuf: %t", afterSync*len(kinds), sent.protobufBodies == sent.bodies)

	for i, k := range kinds {
		if err := eventually(ctx, k.name, func() error { return agrees(ctx, k, stories[i]) }); err != nil {
			return err
		}
	}
	fact("caches equal to lists: %d", len(kinds))
	fact("objects that came once, changed and, if removed, went once: %d", (beforeSync+afterSync)*len(kinds))
	return nil
}

func nameOf(i int) string {
	return fmt.Sprintf("object-%d", i)
}

// agrees holds when the informer's cache is the server's state and every object's life was told in order.
func agrees(ctx context.Context, k *kind, s *story) error {
	exist, err := k.versions(ctx)
	if err != nil {
		return err
	}
	held := map[string]string{}
	for _, o := range k.informer.GetStore().List() {
		if err := noteVersion(held, o); err != nil {
			return err
		}
	}
	if !maps.Equal(exist, held) {
		return fmt.Errorf("the cache holds %v, a list returns %v", held, exist)
	}
	for i := range beforeSync + afterSync {
		name := nameOf(i)
		life := s.of(name)
		gone := 0
		if i < removed {
			gone = 1
		}
		if life.added != 1 || life.updated < 1 || !life.labelled || life.deleted != gone {
			return fmt.Errorf("%s: %+v", name, life)
		}
	}
	return nil
}

// story is what the handlers of one kind were told of the objects this program made.
type story struct {
	mu    sync.Mutex
	lives map[string]life
}

type life struct {
	added, updated, deleted int
	labelled                bool
}

func (s *story) of(name string) life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lives[name]
}

func (s *story) handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { s.note(o, func(l *life) { l.added++ }) },
		UpdateFunc: func(_, o any) { s.note(o, func(l *life) { l.updated++ }) },
		DeleteFunc: func(o any) { s.note(o, func(l *life) { l.deleted++ }) },
	}
}

func (s *story) note(o any, change func(*life)) {
	accessor, err := meta.Accessor(o)
	if err != nil {
		return // a tombstone: its object is counted as not deleted, which the comparison tells
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	life := s.lives[accessor.GetName()]
	change(&life)
	life.labelled = accessor.GetLabels()["seen"] == "twice"
	s.lives[accessor.GetName()] = life
}

// each does something with n objects of every kind, the kinds side by side.
func each(kinds []*kind, n int, do func(k *kind, i int) error) error {
	errs := make(chan error, len(kinds))
	for _, k := range kinds {
		go func() {
			for i := range n {
				if err := do(k, i); err != nil {
					errs <- fmt.Errorf("%s: %w", k.name, err)
					return
				}
			}
			errs <- nil
		}()
	}
	var failed error
	for range kinds {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return failed
}

func onConflict(write func() error) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, write)
}
