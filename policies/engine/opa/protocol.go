// The wire. policies/engine/opa_protocol.hpp says the same on the other side, and both sides' tests feed
// on tests/fixtures/opa_protocol.
//
//	frame    = length (4 bytes, big endian) JSON-text
//	question = frame {"id": n, "op": "load" | "evaluate" | "test" | "version", …}, then one frame for each
//	           name in its "attached": large documents travel beside the question, so they are parsed once
//	answer   = frame {"id": n, …}; in any order, one for each question
//
//	load      set: a digest the asker chose; policies [{id, kind, path, text}]; library {path: text}
//	          → policies [{id, package, engine, dialect, rules, metadata, errors}]
//	evaluate  set; policies: ids, absent: all; deadline_ms; time_ns; attached: "input", "document"
//	          → results [{id, values: [{rule, file, line, column, value}], errors,
//	            reads: [{rule, file, line, column, paths: of the input}]}], or unknown_set: true,
//	            for a child that was started again knows nothing: load, and ask once more
//	test      files {path: text}; coverage; deadline_ms
//	          → test {passed, failed, skipped, tests [{file, line, name, outcome, message}], errors, coverage}
//	version   → opa: OPA's version
//
// An error is {kind, file, line, column, message}; kind: load, type, runtime, timeout, memory. A question that
// cannot be understood is answered with "failure": a sentence.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/open-policy-agent/opa/v1/version"
)

const (
	questionLimitBytes = 64 << 20
	answerLimitBytes   = 8 << 20
	questionsAtOnce    = 16 // as the parent sends at most
)

type question struct {
	ID         int64             `json:"id"`
	Op         string            `json:"op"`
	Set        string            `json:"set"`
	Policies   json.RawMessage   `json:"policies"`
	Library    map[string]string `json:"library"`
	Attached   []string          `json:"attached"`
	DeadlineMS int64             `json:"deadline_ms"`
	TimeNS     int64             `json:"time_ns"`
	Files      map[string]string `json:"files"`
	Coverage   bool              `json:"coverage"`

	documents map[string][]byte
}

type answer struct {
	ID      int64  `json:"id"`
	Failure string `json:"failure,omitempty"`

	Loaded     []loadedPolicy `json:"policies,omitempty"`
	Results    []policyResult `json:"results,omitempty"`
	UnknownSet bool           `json:"unknown_set,omitempty"`
	Tests      *testReport    `json:"test,omitempty"`
	OPA        string         `json:"opa,omitempty"`
}

// policyError says where a policy went wrong; line and column count from 1, 0: unknown.
type policyError struct {
	Kind    string `json:"kind"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length > questionLimitBytes {
		return nil, fmt.Errorf("a frame of %d bytes is over the limit of %d", length, questionLimitBytes)
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return body, err
}

func writeFrame(w io.Writer, body []byte) error {
	framed := make([]byte, 4+len(body))
	binary.BigEndian.PutUint32(framed, uint32(len(body)))
	copy(framed[4:], body)
	_, err := w.Write(framed)
	return err
}

func readQuestion(r io.Reader) (*question, error) {
	body, err := readFrame(r)
	if err != nil {
		return nil, err
	}
	q := &question{documents: map[string][]byte{}}
	if err := json.Unmarshal(body, q); err != nil {
		return nil, fmt.Errorf("a question is not JSON: %w", err)
	}
	for _, name := range q.Attached {
		if q.documents[name], err = readFrame(r); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// serve answers until the parent goes. Questions run beside each other, so that a slow plan policy does
// not keep a webhook waiting.
func serve(r *bufio.Reader, w io.Writer, e *engine) error {
	var writing sync.Mutex
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, questionsAtOnce)
	for {
		q, err := readQuestion(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			body := encode(e.answer(q))
			writing.Lock()
			defer writing.Unlock()
			writeFrame(w, body) // fails when the parent is gone: reading says so next
		})
	}
}

func encode(a *answer) []byte {
	body, err := json.Marshal(a)
	if err == nil && len(body) <= answerLimitBytes {
		return body
	}
	text := fmt.Sprintf("the answer has %d bytes, over the limit of %d", len(body), answerLimitBytes)
	if err != nil {
		text = "the answer cannot be written as JSON: " + err.Error()
	}
	body, _ = json.Marshal(&answer{ID: a.ID, Failure: text})
	return body
}

func (e *engine) answer(q *question) (a *answer) {
	a = &answer{ID: q.ID}
	defer func() {
		if trouble := recover(); trouble != nil {
			a = &answer{ID: q.ID, Failure: fmt.Sprintf("OPA gave up: %v", trouble)}
		}
	}()
	switch q.Op {
	case "load":
		e.load(q, a)
	case "evaluate":
		e.evaluate(q, a)
	case "test":
		a.Tests = runTests(q)
	case "version":
		a.OPA = version.Version
	default:
		a.Failure = fmt.Sprintf("%q is not an operation", q.Op)
	}
	return a
}
