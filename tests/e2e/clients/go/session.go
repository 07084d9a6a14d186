package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// session is what every command starts with: the cluster, a namespace of its own, and what went over the wire.
type session struct {
	*kubernetes.Clientset
	config    *rest.Config
	namespace string
	wire      *wire
}

func openSession(ctx context.Context, namespace string) (*session, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 1000, 1000
	config.WarningHandlerWithContext = rest.NoWarnings{}
	wire := &wire{}
	config.Wrap(wire.record)
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	_, err = clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: named(namespace)}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	s := &session{Clientset: clients, config: config, namespace: namespace, wire: wire}
	return s, eventually(ctx, "the namespace has its service account", func() error {
		_, err := s.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (s *session) configMap(ctx context.Context, name string, data map[string]string) (*corev1.ConfigMap, error) {
	return s.CoreV1().ConfigMaps(s.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: named(name), Data: data}, metav1.CreateOptions{})
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name}
}

func fact(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
}

// expect is an assertion: what must hold is said the way it reads in a failure.
func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("expected "+format, args...)
}

// refused asserts that a request was refused for the right reason and that the text carries what clients look for.
func refused(err error, is func(error) bool, texts ...string) error {
	if err == nil {
		return errors.New("expected a refusal, but the request was accepted")
	}
	if !is(err) {
		return fmt.Errorf("refused for another reason than expected: %w (%#v)", err, err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			return fmt.Errorf("expected %q in the refusal %q", text, err)
		}
	}
	return nil
}

// eventually asks again until the check passes; when time is over it fails with the last reason.
func eventually(ctx context.Context, what string, check func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (%w)", what, err, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// first runs steps in order and stops at the first that fails.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
