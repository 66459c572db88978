#include "handlers/runs/worker/run_inputs.hpp"

#include <algorithm>

#include "service/base/digest.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace {

bool is_of_the_worker(const Variable& variable) {
    return variable.source != Variable::Source::literal;
}

class Values {
  public:
    Values(const ValueDigests& how, ToolKind tool) : how_(how), tool_(tool) {}

    RunInput input(const std::string& name, const Variable& variable,
                   const std::string& value) const {
        RunInput out{InputKind::value, name, ""};
        const auto& identities = how_.identity_names;
        if (std::find(identities.begin(), identities.end(), variable.value) != identities.end())
            out.digest = "identity " + variable.value;
        else
            out.digest = hmac_sha256_hex(how_.key, "value of a variable\n" + name + "\n" + value);
        return out;
    }

    // "": it is not there; the apply will say so itself.
    RunInput of_the_apply(const std::string& name, const Variable& variable) const {
        RunSpec alone;
        alone.phase = Phase::apply;
        alone.tool = tool_;
        alone.variables.emplace(name, variable);
        try {
            const auto resolved = run_environment(alone, how_.allowed_names, how_.read);
            return input(name, variable, resolved.variables.at(name));
        } catch (const Failure&) {
            return {InputKind::value, name, ""};
        }
    }

  private:
    const ValueDigests& how_;
    const ToolKind tool_;
};

}  // namespace

std::vector<RunInput> value_inputs(const RunSpec& spec, const RunEnvironment& environment,
                                   const ValueDigests& how) {
    const Values values(how, spec.tool);
    std::vector<RunInput> out;
    for (const auto& [name, variable] : spec.variables)
        if (const auto at = environment.variables.find(name);
            is_of_the_worker(variable) && at != environment.variables.end())
            out.push_back(values.input(name, variable, at->second));
    for (const auto& [name, variable] : spec.apply_variables)
        if (is_of_the_worker(variable)) out.push_back(values.of_the_apply(name, variable));
    return out;
}

std::vector<InputDifference> differences_of_apply(const RunSpec& spec,
                                                  const std::vector<RunInput>& now) {
    auto planned = spec.planned_inputs;
    std::erase_if(planned, [&](const RunInput& input) {
        return input.kind == InputKind::setting || input.kind == InputKind::files ||
               input.kind == InputKind::variable || input.kind == InputKind::output ||
               (input.kind == InputKind::value && !spec.variables.contains(input.name));
    });
    return differences(planned, now);
}

}  // namespace slipway
