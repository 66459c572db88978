// The wire. service/catalog/uses_protocol.cpp says the same on the other side.
//
//	frame     = length (4 bytes, big endian) JSON-text
//	question  = frame {"id": n, "directories": {directory: {file name: text}}}
//	answer    = frame {"id": n, "directories": {directory: facts}} or {"id": n, "failure": sentence}
//
//	facts     = {calls:     [{name, source, file, line}]          module blocks with a local source
//	             paths:     [{base, path, template, strict}]      what expressions name
//	             unknown:   sentence, absent: all was understood
//	             resources: [{address, file, line}]               without index
//	             required:  {terraform: constraints, opentofu: constraints},
//	             providers: [source]}                             required or implied: "hashicorp/null", "host/a/b"
//
// A path's base is "module" (the directory itself: path.module) or "root" (the directory where the tool
// runs: path.root, path.cwd and every path that names neither). template: the file is itself a template,
// whose expressions may name files. strict: a function reads it; others are strings that look like paths.
// Facts depend on the texts alone, never on the directory's name, so that they can be remembered by content.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"time"
)

const (
	questionLimitBytes = 64 << 20
	answerLimitBytes   = 64 << 20
	directoryLimit     = 5 * time.Second
)

type question struct {
	ID          int64                        `json:"id"`
	Directories map[string]map[string]string `json:"directories"`
}

type answer struct {
	ID          int64            `json:"id"`
	Failure     string           `json:"failure,omitempty"`
	Directories map[string]facts `json:"directories,omitempty"`
}

type call struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	File   string `json:"file"`
	Line   int    `json:"line"`
}

type usedPath struct {
	Base     string `json:"base"`
	Path     string `json:"path"`
	Template bool   `json:"template,omitempty"`
	Strict   bool   `json:"strict,omitempty"`
}

type resource struct {
	Address string `json:"address"`
	File    string `json:"file"`
	Line    int    `json:"line"`
}

type required struct {
	Terraform string `json:"terraform,omitempty"`
	OpenTofu  string `json:"opentofu,omitempty"`
}

type facts struct {
	Calls     []call     `json:"calls,omitempty"`
	Paths     []usedPath `json:"paths,omitempty"`
	Unknown   string     `json:"unknown,omitempty"`
	Resources []resource `json:"resources,omitempty"`
	Required  required   `json:"required"`
	Providers []string   `json:"providers,omitempty"`
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length > questionLimitBytes {
		return nil, fmt.Errorf("a question of %d bytes is too long", length)
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return body, err
}

func writeFrame(w io.Writer, body []byte) error {
	framed := make([]byte, 4, 4+len(body))
	binary.BigEndian.PutUint32(framed, uint32(len(body)))
	_, err := w.Write(append(framed, body...))
	return err
}

func serve(r io.Reader, w io.Writer) error {
	for {
		body, err := readFrame(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		encoded, err := json.Marshal(reply(body))
		if err != nil {
			return err
		}
		if len(encoded) > answerLimitBytes {
			encoded, _ = json.Marshal(answer{Failure: "the answer is too long"})
		}
		if err := writeFrame(w, encoded); err != nil {
			return err
		}
	}
}

func reply(body []byte) answer {
	var asked question
	if err := json.Unmarshal(body, &asked); err != nil {
		return answer{ID: asked.ID, Failure: "the question is not valid JSON: " + err.Error()}
	}
	out := answer{ID: asked.ID, Directories: map[string]facts{}}
	for name, files := range asked.Directories {
		out.Directories[name] = boundedFacts(files)
	}
	return out
}

// Whatever a directory does to the reader, the others get their answer.
func boundedFacts(files map[string]string) facts {
	done := make(chan facts, 1)
	go func() {
		defer func() {
			if trouble := recover(); trouble != nil {
				done <- facts{Unknown: fmt.Sprintf("cannot be read: %v", trouble)}
			}
		}()
		done <- directoryFacts(files)
	}()
	select {
	case found := <-done:
		return found
	case <-time.After(directoryLimit):
		return facts{Unknown: "takes too long to read"}
	}
}

func sortedNames[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
