// Real repositories, made by the git program in a directory of their own, for whoever reads git in
// a test.
#pragma once
#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "service/model/id.hpp"

namespace slipway {

// A directory that goes with the test.
class TempDir {
  public:
    TempDir() {
        std::string name =
            (std::filesystem::temp_directory_path() / "slipway-test-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
        path_ = name;
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// A working copy whose every commit has the same author and a time that rises by a minute.
class GitRepo {
  public:
    explicit GitRepo(std::filesystem::path path, bool bare = false) : path_(std::move(path)) {
        std::filesystem::create_directories(path_);
        git(bare ? std::vector<std::string>{"init", "-q", "--bare", "-b", "main"}
                 : std::vector<std::string>{"init", "-q", "-b", "main"});
    }
    const std::filesystem::path& path() const { return path_; }

    // Runs git and returns its output without the last line end; throws where it fails.
    std::string git(const std::vector<std::string>& arguments) const {
        std::string line =
            "cd " + quote(path_.string()) +
            " && env -i PATH=\"$PATH\" HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1"
            " GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.test"
            " GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.test"
            " GIT_AUTHOR_DATE='" +
            date() + "' GIT_COMMITTER_DATE='" + date() +
            "' git -c protocol.file.allow=always -c gc.auto=0 -c receive.autogc=false";
        for (const auto& argument : arguments) line += " " + quote(argument);
        line += " 2>&1";
        FILE* pipe = ::popen(line.c_str(), "r");
        if (!pipe) throw std::runtime_error("popen failed");
        std::string output;
        std::array<char, 4096> buffer;
        for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
            output.append(buffer.data(), n);
        int status = ::pclose(pipe);
        if (status != 0)
            throw std::runtime_error("git " + arguments.front() + " failed: " + output);
        while (output.ends_with('\n')) output.pop_back();
        return output;
    }

    // Writes the files (an empty optional text is written as such) and commits everything.
    CommitSha commit(const std::map<std::string, std::string>& files,
                     const std::string& message = "Change") {
        for (const auto& [name, text] : files) write_file(path_ / name, text);
        return commit_all(message);
    }
    CommitSha commit_all(const std::string& message = "Change") {
        git({"add", "-A", "-f"});
        git({"commit", "-q", "--allow-empty", "-m", message});
        ++minutes_;
        return head();
    }
    CommitSha head() const { return CommitSha(git({"rev-parse", "HEAD"})); }
    TreeId tree(const std::string& revision = "HEAD") const {
        return TreeId(git({"rev-parse", revision + "^{tree}"}));
    }

  private:
    static std::string quote(const std::string& text) {
        std::string out = "'";
        for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
        return out + "'";
    }
    std::string date() const { return std::to_string(1'700'000'000 + minutes_ * 60) + " +0000"; }

    std::filesystem::path path_;
    int minutes_ = 0;
};

}  // namespace slipway
