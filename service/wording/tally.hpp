// How many stacks stand where, and their names: what a heading is made of.
#pragma once
#include <string>
#include <vector>

#include "service/wording/standing.hpp"
#include "service/wording/voice.hpp"

namespace slipway {

class Tally {
  public:
    Tally(const Report& report, const std::vector<StackView>& views, const Voice& voice)
        : report_(report), views_(views), voice_(voice) {}

    std::vector<StackView> those(Standing standing) const;
    std::vector<std::string> names(Standing standing) const;
    std::size_t count(Standing standing) const;
    bool any_tracked() const;
    bool all_observed() const;  // of those that are ready

    // Stacks of which all is destroyed, because their settings want that.
    struct Whole {
        std::vector<std::string> names;
        int resources = 0;
        std::string text(const std::string& doing) const;
    };
    Whole whole_stacks(const std::vector<Standing>& standings) const;

  protected:
    // One is named, more are counted.
    static std::string subject(const std::vector<std::string>& some);
    static std::string plans_of(const std::vector<std::string>& some);
    static std::string is_or_are(std::size_t count) { return count == 1 ? " is " : " are "; }
    static std::string was_or_were(std::size_t count) { return count == 1 ? " was " : " were "; }

    const Report& report_;
    const std::vector<StackView>& views_;
    const Voice& voice_;
};

}  // namespace slipway
