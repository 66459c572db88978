// Drives github_double.py: GitHub for the tests, made of foreign parts. Ends with its standard
// input, so a test that dies takes it along.
#pragma once
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "service/base/json.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {

class GithubDouble {
  public:
    GithubDouble() {
        std::array<int, 2> to{}, from{};
        if (::pipe(to.data()) != 0 || ::pipe(from.data()) != 0)
            throw std::runtime_error("no pipes");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, to[0], 0);
        posix_spawn_file_actions_adddup2(&actions, from[1], 1);
        posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        std::string script = SLIPWAY_SOURCE_DIR "/tests/support/github_double.py";
        std::string build = SLIPWAY_BINARY_DIR, work = (scratch_.path / "double").string();
        std::array<char*, 5> arguments{const_cast<char*>("python3"), script.data(), build.data(),
                                       work.data(), nullptr};
        int failed = ::posix_spawnp(&pid_, "python3", &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(to[0]);
        ::close(from[1]);
        in_ = ::fdopen(from[0], "r");
        out_ = ::fdopen(to[1], "w");
        if (failed != 0) throw std::runtime_error("python3 cannot be started");
        about = answer();
    }
    ~GithubDouble() {
        std::fclose(out_);
        ::waitpid(pid_, nullptr, 0);
        std::fclose(in_);
    }
    GithubDouble(const GithubDouble&) = delete;

    // One of its methods, e.g. ask("merge", {{"number", 1}}).
    Json ask(std::string_view method, Json::Object arguments = {}) {
        arguments.emplace_back("do", method);
        auto line = Json(std::move(arguments)).dump() + "\n";
        std::fputs(line.c_str(), out_);
        std::fflush(out_);
        return answer();
    }

    Json about;  // api_url, git_url, app_id, app_private_key, webhook_secret, repository

  private:
    Json answer() {
        char* line = nullptr;
        std::size_t size = 0;
        auto read = ::getline(&line, &size, in_);
        std::string text = read > 0 ? std::string(line, static_cast<std::size_t>(read)) : "";
        std::free(line);
        auto json = parse_json(text);
        if (!json) throw std::runtime_error("the GitHub double ended; its standard error says why");
        return *json;
    }

    Scratch scratch_;
    pid_t pid_ = 0;
    std::FILE* in_ = nullptr;
    std::FILE* out_ = nullptr;
};

}  // namespace slipway
