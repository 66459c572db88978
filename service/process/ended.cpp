// How a command ended, in words.
#include <cstring>

#include "service/process/process.hpp"

namespace slipway {

std::string Ended::text() const {
    auto seconds = [this] {
        const double s = static_cast<double>(limit.count()) / 1000;
        std::string digits = std::to_string(s);
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.ends_with('.')) digits.pop_back();
        return digits + " s";
    };
    switch (how) {
        case How::exited:
            // As a shell and the sandbox's process 1 pass on how their child ended.
            if (code > 128 && code < 128 + NSIG)
                return "exited with " + std::to_string(code) + ", killed by signal " +
                       std::to_string(code - 128) + " (" + strsignal(code - 128) + ")";
            return "exited with " + std::to_string(code);
        case How::signalled:
            return "was killed by signal " + std::to_string(code) + " (" + strsignal(code) + ")";
        case How::timed_out:
            return "took longer than " + seconds();
        case How::silent:
            return "printed nothing for " + seconds();
        case How::used_too_much:
            return "used too much";
        case How::stopped:
            return "was stopped";
    }
    return "";
}

}  // namespace slipway
