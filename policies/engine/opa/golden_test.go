package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// The exchange that the other side's tests read, too. `UPDATE_GOLDEN=1 go test` writes the answers anew.
const golden = "../../../tests/fixtures/opa_protocol/exchange.json"

type exchange struct {
	Frames []json.RawMessage `json:"frames"`
	Answer any               `json:"answer"`
}

func TestTheGoldenExchange(t *testing.T) {
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var exchanges []exchange
	if err := json.Unmarshal(text, &exchanges); err != nil {
		t.Fatal(err)
	}
	e := newEngine()
	for i, x := range exchanges {
		var in, out bytes.Buffer
		for _, frame := range x.Frames {
			var line bytes.Buffer
			json.Compact(&line, frame)
			writeFrame(&in, line.Bytes())
		}
		if err := serve(bufio.NewReader(&in), &out, e); err != nil {
			t.Fatal(err)
		}
		body, err := readFrame(&out)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		json.Unmarshal(body, &got)
		withoutDurations(got)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			exchanges[i].Answer = got
		} else if !reflect.DeepEqual(got, x.Answer) {
			t.Errorf("question %d was answered with\n%s", i+1, body)
		}
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		encoder.Encode(exchanges)
		os.WriteFile(golden, out.Bytes(), 0o644)
	}
}

func withoutDurations(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "micros")
		for _, inner := range v {
			withoutDurations(inner)
		}
	case []any:
		for _, inner := range v {
			withoutDurations(inner)
		}
	}
}
