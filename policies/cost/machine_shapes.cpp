#include "policies/cost/machine_shapes.hpp"

#include <array>
#include <charconv>
#include <map>
#include <vector>

#include "service/base/result.hpp"

// Written by the build: tables/gcp-shapes.csv.
extern "C" const char slipway_gcp_shapes_begin[];
extern "C" const char slipway_gcp_shapes_end[];

namespace slipway::cost {
namespace {

using Shapes = std::map<std::string, MachineShape, std::less<>>;

std::vector<std::string> cells_of(std::string_view line, char at) {
    std::vector<std::string> out;
    for (;;) {
        const auto end = line.find(at);
        out.emplace_back(line.substr(0, end));
        if (end == line.npos) return out;
        line.remove_prefix(end + 1);
    }
}

Shapes read_shapes(std::string_view text) {
    Shapes out;
    for (const auto& line : cells_of(text, '\n')) {
        if (line.empty() || line.starts_with('#') || line.starts_with("machine_type,")) continue;
        const auto cells = cells_of(line, ',');
        if (cells.size() != 5)
            throw Failure("gcp-shapes.csv: " + line + ": needs five cells", Retry::never);
        out[cells[0]] = {cells[1], Decimal(cells[2]), Decimal(cells[3]), 0, Decimal(cells[4])};
    }
    return out;
}

const Shapes& shapes() {
    static const Shapes all = read_shapes({slipway_gcp_shapes_begin, slipway_gcp_shapes_end});
    return all;
}

/// What custom machines of a family may have per vCPU before memory is extended, and their
/// sustained use.
struct CustomFamily {
    std::string_view prefix, family;
    const char *most_gb_per_vcpu, *sustained_use;
};

constexpr std::array<CustomFamily, 5> custom_families{{
    {"custom", "n1-custom", "6.5", "0.7"},
    {"n1-custom", "n1-custom", "6.5", "0.7"},
    {"n2-custom", "n2-custom", "8", "0.8"},
    {"n2d-custom", "n2d-custom", "8", "0.8"},
    {"e2-custom", "e2-custom", "8", "1"},
}};

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value <= 0)
        return std::nullopt;
    return value;
}

std::optional<MachineShape> custom_shape(const CustomFamily& family, std::string_view sizes) {
    const auto parts = cells_of(sizes, '-');
    const bool extended = parts.size() == 3 && parts[2] == "ext";
    if (parts.size() != 2 && !extended) return std::nullopt;
    const auto vcpus = number(parts[0]), megabytes = number(parts[1]);
    if (!vcpus || !megabytes) return std::nullopt;
    const Decimal memory = Decimal(*megabytes) * Decimal("0.0009765625");
    const Decimal most = Decimal(family.most_gb_per_vcpu) * *vcpus;
    const Decimal above = extended && memory > most ? Decimal(memory - most) : Decimal(0);
    return MachineShape{std::string(family.family), Decimal(*vcpus), memory - above, above,
                        Decimal(family.sustained_use)};
}

}  // namespace

std::optional<MachineShape> machine_shape(std::string_view machine_type) {
    if (const auto found = shapes().find(machine_type); found != shapes().end())
        return found->second;
    for (const auto& family : custom_families)
        if (machine_type.starts_with(family.prefix) &&
            machine_type.substr(family.prefix.size()).starts_with('-'))
            return custom_shape(family, machine_type.substr(family.prefix.size() + 1));
    return std::nullopt;
}

}  // namespace slipway::cost
