package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

const (
	written = 200
	cutEach = 25 // writes between two cuts of the connection
)

// resume follows an object over connections that are cut again and again: the library resumes at the last revision it
// saw, and nothing may be missing or told twice.
func resume(ctx context.Context, s *session) error {
	lines := &connections{}
	config := rest.CopyConfig(s.config)
	config.Dial = lines.dial
	watcher, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	counter, err := s.configMap(ctx, "counter", map[string]string{"n": "0"})
	if err != nil {
		return err
	}
	selected := fields.OneTermEqualSelector("metadata.name", "counter").String()
	following, err := watchtools.NewRetryWatcherWithContext(ctx, counter.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = selected
			return watcher.CoreV1().ConfigMaps(s.namespace).Watch(ctx, options)
		},
	})
	if err != nil {
		return err
	}
	defer following.Stop()

	wrote := make(chan error, 1)
	go func() { wrote <- count(ctx, s, counter, lines) }()
	for n := 1; n <= written; n++ {
		event, open := <-following.ResultChan()
		if !open {
			return fmt.Errorf("the watch ended after %d: %w", n, context.Cause(ctx))
		}
		o, ok := event.Object.(*corev1.ConfigMap)
		if !ok {
			return fmt.Errorf("expected change %d, but was told %s %v", n, event.Type, event.Object)
		}
		if o.Data["n"] != strconv.Itoa(n) {
			return fmt.Errorf("expected change %d, but was told of %s", n, o.Data["n"])
		}
	}
	if err := <-wrote; err != nil {
		return err
	}
	fact("changes told in order over %d cuts of the connection: %d", lines.cuts, written)
	_, err = s.CoreV1().ConfigMaps(s.namespace).Watch(ctx, metav1.ListOptions{SendInitialEvents: new(bool), ResourceVersion: "1"})
	fact("initial events without a match: %v %v", apierrors.ReasonForError(err), causes(err))
	return nil
}

func count(ctx context.Context, s *session, o *corev1.ConfigMap, lines *connections) error {
	for n := 1; n <= written; n++ {
		o.Data["n"] = strconv.Itoa(n)
		var err error
		if o, err = s.CoreV1().ConfigMaps(s.namespace).Update(ctx, o, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if n%cutEach == 0 {
			lines.cut()
		}
	}
	return nil
}

// connections are the ones a client has open: all can be cut at once.
type connections struct {
	mu   sync.Mutex
	open []net.Conn
	cuts int
}

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open = append(c.open, conn)
	}
	return conn, err
}

func (c *connections) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cuts++
	for _, conn := range c.open {
		_ = conn.Close()
	}
	c.open = nil
}
