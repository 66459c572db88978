// A plan as `terraform show -json` and `tofu show -json` write it, indexed for pricing: the
// resources before and after, and what the configuration says that the values do not. Nothing is
// copied; the JSON must outlive this.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policies/cost/address.hpp"
#include "service/base/json.hpp"

namespace slipway::cost {

class PlanDocument;

struct PlanResource {
    const PlanDocument* plan = nullptr;
    std::string address;
    Address place;
    std::string type;
    std::string provider;  // "registry.terraform.io/hashicorp/aws"
    const Json* values = nullptr;
    const Json* unknown = nullptr;        // of the same shape, true where known after apply
    const Json* sensitive = nullptr;      // of the same shape, true where sensitive
    const Json* configuration = nullptr;  // its block; null where the plan has none

    // "aws": the first word of the type, with which the types of a provider begin.
    std::string_view provider_word() const {
        return std::string_view(type).substr(0, type.find('_'));
    }
};

// One side of a plan: the resources by address, in the order of the document. All are added before
// the first is looked for by its block or type: these indexes are made then.
class PlanSide {
  public:
    void add(PlanResource resource);
    const PlanResource* find(const std::string& address) const;
    const std::vector<PlanResource>& all() const { return all_; }
    // Those of a module with that type and name, whatever their keys.
    std::vector<const PlanResource*> instances(const ModulePath& modules, bool is_data,
                                               const std::string& type,
                                               const std::string& name) const;
    // The one of that type whose id, ARN, name or link is `value`; null for none or several.
    const PlanResource* identified(const std::string& type, std::string_view value) const;

  private:
    using ByName = std::unordered_map<std::string, std::vector<std::size_t>>;
    const ByName& by_block() const;
    const ByName& by_type() const;

    std::vector<PlanResource> all_;
    std::unordered_map<std::string, std::size_t> by_address_;
    mutable ByName by_block_, by_type_;
};

class PlanDocument {
  public:
    // Throws Failure, with one sentence, for a document that is not a plan of a known format.
    explicit PlanDocument(const Json& plan);
    PlanDocument(const PlanDocument&) = delete;
    PlanDocument& operator=(const PlanDocument&) = delete;

    const Json& json() const { return plan_; }
    const PlanSide& before() const { return before_; }
    const PlanSide& after() const { return after_; }
    // The entry of resource_changes; null where there is none.
    const Json* change(const std::string& address) const;
    // The module's configuration ("" is the root's); null where the plan has none.
    const Json* module(const std::string& names) const;
    // The call of a module, in the configuration of the one above.
    const Json* module_call(const ModulePath& modules) const;

  private:
    void index_modules(const Json& module, const std::string& names);
    void index_changes();
    void add_module(PlanSide& side, const Json& module, bool is_after);
    void add_deposed(const Json& change);
    const Json* configuration_of(const Address& place) const;

    const Json& plan_;
    PlanSide before_, after_;
    std::unordered_map<std::string, const Json*> changes_, modules_, blocks_;
};

}  // namespace slipway::cost
