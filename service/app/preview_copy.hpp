// A working copy posed as a pull request: a throw-away bare repository that borrows its objects,
// with the base as a branch and the head (the working tree as a commit, where none is named) as
// refs/pull/1/head.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "handlers/forges/forge.hpp"
#include "service/app/preview.hpp"

namespace slipway {

class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

// `known`: repositories that the organisation names, to recognise this one by its origin.
std::shared_ptr<WorkingCopy> make_working_copy(const PreviewOptions& options,
                                               const std::vector<RepositoryName>& known,
                                               const std::filesystem::path& scratch);

}  // namespace slipway
