// A specification is signed by the service and checked by the worker (rule R6).
#include "handlers/runs/gateway/gateway.hpp"
#include "service/base/codec.hpp"
#include "service/base/digest.hpp"

namespace slipway {

std::string spec_signature(const RunSpec& spec, const Secret& key) {
    RunSpec unsigned_spec = spec;
    unsigned_spec.signature.clear();
    return hmac_sha256_hex(key, "run spec\n" + encode(unsigned_spec).dump());
}

}  // namespace slipway
