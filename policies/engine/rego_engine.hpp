// Asks Rego policies and hands back what their rules say, each policy by itself. What a policy gets
// wrong is a fault with a place, never an exception and never silence (rule P1).
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/base/json.hpp"
#include "service/base/task.hpp"
#include "service/model/decision.hpp"
#include "service/model/words.hpp"

namespace slipway {

struct PolicyFault {
    // load: it does not compile · type: a rule gives something else than it must · runtime: it
    // cannot be evaluated · timeout, memory: it takes more than it may · engine: the engine itself
    // failed
    enum class Kind { load, type, runtime, timeout, memory, engine };
    BOOST_DESCRIBE_NESTED_ENUM(Kind, load, type, runtime, timeout, memory, engine)
    Kind kind = Kind::engine;
    Place place;
    std::string message;

    bool operator==(const PolicyFault&) const = default;
};

// What one rule gives: a set gives one of these for each element.
struct RuleValue {
    std::string rule;
    Place place;  // of the body it came from
    Json value;
    bool excepted = false;  // conftest's `exception` takes it out

    bool operator==(const RuleValue&) const = default;
};

// What a rule reads of the input, whether it gives anything or not: "input.cost.monthly".
struct RuleReads {
    std::string rule;
    Place place;
    std::vector<std::string> paths;

    bool operator==(const RuleReads&) const = default;
};

struct PolicyAnswer {
    std::vector<RuleValue> values;
    std::vector<PolicyFault> faults;
    std::vector<RuleReads> reads = {};

    bool operator==(const PolicyAnswer&) const = default;
};

// Policies that are judged together, and the digest that names exactly these texts.
struct RegoSet {
    std::string digest;
    std::vector<Policy> policies;
    std::map<std::string, std::string> library;
};

struct RegoInput {
    Json input;     // the documented one
    Json document;  // the plan document as the tool wrote it; null: none
    std::chrono::milliseconds limit{5'000};
    std::int64_t at_ms = 0;  // what the policies take for now
};

class RegoEngine {
  public:
    class Impl;
    explicit RegoEngine(std::unique_ptr<Impl> impl);
    ~RegoEngine();
    // One answer for each policy of the set, in its order.
    Task<std::vector<PolicyAnswer>> evaluate(std::shared_ptr<const RegoSet> set,
                                             std::shared_ptr<const RegoInput> input);
    // Compiles each policy; the faults of each, in the set's order.
    Task<std::vector<std::vector<PolicyFault>>> load(std::shared_ptr<const RegoSet> set);
    // Path → text of every Rego file; the report as opa_protocol.hpp describes it.
    Task<Json> test(std::map<std::string, std::string> files, bool coverage);

  private:
    std::unique_ptr<Impl> impl_;
};

// OPA in a supervised child, which is started by the first question. `program`: slipway-opa's path,
// "": the one that came with us.
std::unique_ptr<RegoEngine> make_opa_engine(asio::any_io_executor executor,
                                            std::string program = "");

}  // namespace slipway
