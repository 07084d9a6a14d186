package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// election lets three candidates compete for one lease: the first leader steps down, the second loses its network.
func election(ctx context.Context, s *session) error {
	office := &office{leading: map[string]bool{}}
	candidates := map[string]*candidate{}
	for i := range 3 {
		identity := fmt.Sprintf("candidate-%d", i)
		c, err := office.enter(ctx, s, identity)
		if err != nil {
			return err
		}
		candidates[identity] = c
	}
	one, err := office.leader(ctx, 1)
	if err != nil {
		return err
	}
	fact("one of three candidates leads")

	office.end(one) // a leader ends its work before it gives the lease back
	candidates[one].cancel()
	two, err := office.leader(ctx, 2)
	if err != nil {
		return err
	}
	fact("it steps down and another leads: %t", one != two)

	candidates[two].cutOff.Store(true)
	three, err := office.leader(ctx, 3)
	if err != nil {
		return err
	}
	fact("that one is cut off and the last leads: %t", three != one && three != two)

	lease, err := s.CoordinationV1().Leases(s.namespace).Get(ctx, "office", metav1.GetOptions{})
	if err != nil {
		return err
	}
	fact("the lease names the leader: %t, leaders before: %d", *lease.Spec.HolderIdentity == three, *lease.Spec.LeaseTransitions)
	fact("two led at once: %t", office.shared)
	candidates[three].cancel()
	return nil
}

// office knows who leads now and who ever led.
type office struct {
	mu      sync.Mutex
	leading map[string]bool
	leaders []string
	shared  bool
}

type candidate struct {
	cancel context.CancelFunc
	cutOff atomic.Bool
}

func (o *office) enter(ctx context.Context, s *session, identity string) (*candidate, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &candidate{cancel: cancel}
	config := rest.CopyConfig(s.config)
	config.Wrap(c.network)
	lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, s.namespace, "office",
		resourcelock.ResourceLockConfig{Identity: identity}, config, time.Second)
	if err != nil {
		return nil, err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          lock,
		LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 250 * time.Millisecond,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { o.begin(identity) },
			OnStoppedLeading: func() { o.end(identity) },
		},
	})
	if err != nil {
		return nil, err
	}
	go elector.Run(ctx)
	return c, nil
}

func (c *candidate) network(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if c.cutOff.Load() {
			return nil, errors.New("the network is cut off")
		}
		return next.RoundTrip(request)
	})
}

func (o *office) begin(identity string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leading[identity] = true
	o.leaders = append(o.leaders, identity)
	o.shared = o.shared || len(o.leading) > 1
}

func (o *office) end(identity string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.leading, identity)
}

// leader waits for the n-th leader.
func (o *office) leader(ctx context.Context, n int) (string, error) {
	var identity string
	return identity, eventually(ctx, fmt.Sprintf("leader %d", n), func() error {
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.leaders) < n {
			return fmt.Errorf("leaders so far: %v", o.leaders)
		}
		identity = o.leaders[n-1]
		return nil
	})
}
