// A mirror as a directory: made, put in place in one step, cleared of what a killed git left
// behind. The caller sees to it that nobody writes there meanwhile.
#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "service/git/mirror.hpp"

namespace slipway::git {

// A readable part and a digest: "acme-infra-3f9a0c21d5e8b7a4.git". No name leaves the directory,
// and no two names share one.
std::string mirror_directory_name(std::string_view repository);

void make_empty_mirror(const std::filesystem::path& path);

// Exchanges `made` with what stands at `path`, so that readers always find a repository.
void put_in_place(const std::filesystem::path& made, const std::filesystem::path& path);

bool can_be_opened(const std::filesystem::path& mirror);

// Locks and halves of packs.
void clear_leftovers(const std::filesystem::path& mirror);

std::size_t count_packs(const std::filesystem::path& mirror);

void remove_ref(const std::filesystem::path& mirror, const std::string& name);

// Removes refs that stand where `wanted` are to be: "a" that became "a/b", or the other way round.
void make_room(const std::filesystem::path& mirror, const std::set<std::string>& wanted);

}  // namespace slipway::git
