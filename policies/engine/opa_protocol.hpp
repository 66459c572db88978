// What we say to slipway-opa and what it answers. policies/engine/opa/protocol.go says the same on
// the other side; tests/fixtures/opa_protocol is read by the tests of both.
//
//   frame    = length (4 bytes, big endian) JSON-text
//   question = frame {"id": n, "op": "load" | "evaluate" | "test" | "version", …}, then one frame
//   for each
//              name in its "attached": large documents travel beside the question, so they are
//              parsed once
//   answer   = frame {"id": n, …}; in any order, one for each question
//
//   load      set: the digest; policies [{id, kind, path, text}]; library {path: text}
//             → policies [{id, package, engine, dialect, rules, metadata, errors}]
//   evaluate  set; deadline_ms; time_ns; attached: "input", "document"
//             → results [{id, values: [{rule, file, line, column, value, excepted}], errors,
//             reads: [{rule, file, line, column, paths}]}] in the set's order, or unknown_set:
//             true: load, and ask once more
//   test      files {path: text}; coverage; deadline_ms
//             → test {passed, failed, skipped, tests [{file, line, name, outcome, message}],
//             errors, coverage}
//   version   → opa: OPA's version
//
// An error is {kind, file, line, column, message}. A question that cannot be understood is answered
// with "failure": a sentence.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "policies/engine/rego_engine.hpp"

namespace slipway {

inline constexpr std::size_t opa_question_limit_bytes = 64u << 20;
inline constexpr std::size_t opa_answer_limit_bytes = (8u << 20) + 1024;

// A question without its id; the frames that follow its first.
struct OpaQuestion {
    Json head;
    std::vector<std::string> attached;
};

OpaQuestion load_question(const RegoSet& set);
// `with_document` false: no policy of the set reads the whole plan document, so only the part that
// the documented input holds travels.
OpaQuestion evaluate_question(const RegoSet& set, const RegoInput& input, bool with_document);
OpaQuestion test_question(const std::map<std::string, std::string>& files, bool coverage,
                          std::chrono::milliseconds limit);

// The bytes of a question. A result, because a document may be over the limit.
Result<std::string> opa_frames(const OpaQuestion& question, std::int64_t id);
std::size_t opa_frame_length(std::string_view four_bytes);

std::vector<PolicyFault> faults_of(const Json& errors);
std::vector<PolicyAnswer> answers_of(const Json& answer);
// Whether a loaded policy judges the plan document itself (conftest's dialect).
bool wants_document(const Json& load_answer);

}  // namespace slipway
