package main

import (
	"net/http"
	"strings"
	"sync"
)

const protobuf = "application/vnd.kubernetes.protobuf"

// wire counts what the libraries really send and get: claims about encodings and streaming lists are checked here.
type wire struct {
	mu     sync.Mutex
	counts wireCounts
}

type wireCounts struct {
	lists, streamingLists    int
	bodies, protobufBodies   int
	answers, protobufAnswers int
	http2                    int
}

func (w *wire) record(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		w.note(func(c *wireCounts) { c.request(request) })
		response, err := next.RoundTrip(request)
		if err == nil {
			w.note(func(c *wireCounts) { c.response(response) })
		}
		return response, err
	})
}

func (w *wire) now() wireCounts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

// since is what went over the wire after an earlier reading.
func (w *wire) since(before wireCounts) wireCounts {
	now := w.now()
	return wireCounts{
		lists: now.lists - before.lists, streamingLists: now.streamingLists - before.streamingLists,
		bodies: now.bodies - before.bodies, protobufBodies: now.protobufBodies - before.protobufBodies,
		answers: now.answers - before.answers, protobufAnswers: now.protobufAnswers - before.protobufAnswers,
		http2: now.http2 - before.http2,
	}
}

func (w *wire) note(change func(*wireCounts)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.counts)
}

func (c *wireCounts) request(request *http.Request) {
	query := request.URL.Query()
	switch {
	case query.Get("sendInitialEvents") == "true":
		c.streamingLists++
	case request.Method == http.MethodGet && query.Get("watch") == "" && query.Has("resourceVersion"):
		c.lists++
	}
	if request.Body != nil && request.Body != http.NoBody {
		c.bodies++
		if request.Header.Get("Content-Type") == protobuf {
			c.protobufBodies++
		}
	}
}

func (c *wireCounts) response(response *http.Response) {
	c.answers++
	if strings.HasPrefix(response.Header.Get("Content-Type"), protobuf) {
		c.protobufAnswers++
	}
	if response.ProtoMajor == 2 {
		c.http2++
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
