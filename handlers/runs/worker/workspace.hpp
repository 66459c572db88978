// The directory of one phase of one run: made empty and readable by us alone, gone with its owner,
// whatever the run did to it. Inside a sandbox it is /workspace.
//
//   source/  the materialised tree       data/  the tool's own files (TF_DATA_DIR), read-only for
//   plans home/    HOME                        tmp/   TMPDIR                 out/  plan file
#pragma once
#include <filesystem>
#include <string>

namespace slipway {

class Workspace {
  public:
    // Below `scratch`; `name` is made of letters, digits, '-' and '_' where it is not.
    Workspace(const std::filesystem::path& scratch, std::string_view name);
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    const std::filesystem::path& root() const { return root_; }
    std::filesystem::path source() const { return root_ / "source"; }
    std::filesystem::path data() const { return root_ / "data"; }
    std::filesystem::path home() const { return root_ / "home"; }
    std::filesystem::path temporary() const { return root_ / "tmp"; }
    std::filesystem::path out() const { return root_ / "out"; }

  private:
    std::filesystem::path root_;
};

// Removes a tree of whose directories some may have been closed to us; follows no link.
void remove_tree(const std::filesystem::path& path);

}  // namespace slipway
