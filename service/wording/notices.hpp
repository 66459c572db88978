// What is said before anything else, and only where there is something to say: what is destroyed,
// what is denied, what failed, what stands still and why. Each is bounded in bytes, and names what
// it leaves out.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

struct Notices {
    const Report& report;
    const std::vector<StackView>& views;
    Voice voice;

    // Resources that go away or are made anew, and what forces it.
    std::string danger(std::size_t bytes) const;
    // Denials with rule, file and line; policies that could not be evaluated; rejections.
    std::string refusals(std::size_t bytes) const;
    // The tool's own errors.
    std::string failures(std::size_t bytes) const;
    // Not planned, ended early, waiting for a confirmation, unknown; conflicts and configuration.
    std::string standstills(std::size_t bytes) const;
};

std::string finding_text(const Finding& finding, const Voice& voice,
                         const std::vector<std::string>& hosts);

}  // namespace slipway
