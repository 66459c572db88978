// Ends evaluations before they end this process: a policy that eats memory is told so, with its line,
// instead of taking everybody's decisions along. What a single built-in takes at once passes by here; then
// the parent's limit on data holds, and the parent finds out whose fault it was.
package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	liveLimitBytes = 300 << 20
	lookEvery      = 20 * time.Millisecond
)

var errMemory = fmt.Errorf("it used more than %d MB of memory", liveLimitBytes>>20)

// guard watches while at least one evaluation runs.
type guard struct {
	mutex    sync.Mutex
	running  map[int64]context.CancelCauseFunc
	watching bool
	next     int64
}

// watched runs `work` with a context that ends by its deadline or by lack of memory.
func (g *guard) watched(limit time.Duration, work func(context.Context)) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	g.mutex.Lock()
	id := g.next
	g.next++
	g.running[id] = cancel
	if !g.watching {
		g.watching = true
		go g.watch()
	}
	g.mutex.Unlock()
	defer func() {
		g.mutex.Lock()
		defer g.mutex.Unlock()
		delete(g.running, id)
		cancel(nil)
	}()
	work(ctx)
}

func (g *guard) watch() {
	for g.busy() {
		time.Sleep(lookEvery)
		if heapBytes() < liveLimitBytes {
			continue
		}
		if runtime.GC(); heapBytes() < liveLimitBytes {
			continue
		}
		g.mutex.Lock()
		for _, cancel := range g.running {
			cancel(errMemory)
		}
		g.mutex.Unlock()
	}
}

func (g *guard) busy() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.watching = len(g.running) > 0
	return g.watching
}

func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
