// The loaded sets. A policy is compiled once for its text and library, however many sets hold it; sets
// that nobody asked for are forgotten, which the asker learns as "unknown set".
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
)

const setLimit = 256

type engine struct {
	mutex    sync.Mutex
	sets     map[string]*set
	policies map[[32]byte]*policy
	used     int64 // counts questions
	guard    guard
}

type set struct {
	policies []*policy
	keys     [][32]byte
	usedAt   int64
}

func newEngine() *engine {
	return &engine{sets: map[string]*set{}, policies: map[[32]byte]*policy{},
		guard: guard{running: map[int64]context.CancelCauseFunc{}}}
}

func (e *engine) load(q *question, a *answer) {
	var sources []policySource
	if err := json.Unmarshal(q.Policies, &sources); err != nil {
		a.Failure = "policies: " + err.Error()
		return
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.used++
	loading := &set{usedAt: e.used}
	library, libraryErrors := parseLibrary(q.Library)
	libraryDigest := digest(q.Library)
	for _, s := range sources {
		key := digest(s, libraryDigest)
		p := e.policies[key]
		if p == nil {
			p = newPolicy(s, library, libraryErrors)
			e.policies[key] = p
		}
		loading.policies = append(loading.policies, p)
		loading.keys = append(loading.keys, key)
		a.Loaded = append(a.Loaded, p.loaded)
	}
	e.sets[q.Set] = loading
	e.forgetOldest()
}

func (e *engine) forgetOldest() {
	if len(e.sets) <= setLimit {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Keys(e.sets)), func(a, b string) int {
		return int(e.sets[a].usedAt - e.sets[b].usedAt)
	})
	delete(e.sets, oldest)
	kept := map[[32]byte]*policy{}
	for _, s := range e.sets {
		for _, key := range s.keys {
			kept[key] = e.policies[key]
		}
	}
	e.policies = kept
}

func (e *engine) find(name string) *set {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	s := e.sets[name]
	if s != nil {
		e.used++
		s.usedAt = e.used
	}
	return s
}

func digest(parts ...any) [32]byte {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("a digest of what is not valid JSON: %v", err)) // texts and maps of texts only
	}
	return sha256.Sum256(text)
}
