// One life of slipway-opa: questions in, answers out, in any order. A writer and a reader run
// beside each other, for two who both write first wait for ever. It is never repaired: whoever asks
// takes another.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "policies/engine/opa_protocol.hpp"

namespace slipway {

struct OpaReply {
    enum class How {
        answered,
        gone,
        silent
    };  // silent: no answer within the limit; the child was killed
    How how = How::gone;
    Json answer;
    std::string reason;  // where there is no answer
};

// What a child knows of a set it has loaded.
struct OpaLoaded {
    bool wants_document = false;
    std::vector<std::vector<PolicyFault>> faults;  // a policy's, in the set's order
    std::vector<Place> first_rules;                // likewise
};

class OpaChild {
  public:
    // Throws Failure where the program cannot be started.
    OpaChild(asio::any_io_executor executor, const std::string& program);
    ~OpaChild();
    OpaChild(const OpaChild&) = delete;
    OpaChild& operator=(const OpaChild&) = delete;

    Task<OpaReply> ask(OpaQuestion question, std::chrono::milliseconds limit);
    bool gone() const;
    bool ever_answered() const;

    std::map<std::string, OpaLoaded> loaded;  // by digest
    struct State;

  private:
    std::shared_ptr<State> state_;
};

}  // namespace slipway
