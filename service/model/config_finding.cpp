#include "service/model/config_finding.hpp"

namespace slipway {

std::string ConfigFinding::text() const {
    std::string out = place.file;
    if (place.line > 0) out += ":" + std::to_string(place.line);
    if (place.line > 0 && place.column > 0) out += ":" + std::to_string(place.column);
    return (out.empty() ? "" : out + ": ") + message;
}

}  // namespace slipway
