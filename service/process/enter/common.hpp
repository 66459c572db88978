// slipway-enter: the small steps between the service and a sandboxed program that bubblewrap does
// not take. A program of its own, linked statically, since it is started several times in every
// run. It is given everything in its argument vector; whatever fails ends it with one sentence on
// standard error.
//
//   slipway-enter start   …  takes the run's user id, its network and what it shares, then becomes
//   bubblewrap slipway-enter network …  holds the network namespace of a run and connects it to the
//   outside slipway-enter init    …  is process 1 inside: sets limits, starts the command, reaps,
//   ends as it ended
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace slipway::enter {

// With strerror(errno) behind it. Ends the program.
[[noreturn]] void fail(const std::string& what);
[[noreturn]] void refuse(const std::string& what);

// Words of an argument vector in their order.
class Words {
  public:
    Words(int argc, char** argv) : words_(argv, argv + argc) {}
    bool any() const { return at_ < words_.size(); }
    std::string next();
    long number();
    std::vector<std::string> rest();

  private:
    std::vector<std::string> words_;
    std::size_t at_ = 0;
};

[[noreturn]] void become(const std::vector<std::string>& argv);  // searched on PATH; ends with 127
void write_text(const std::string& path, const std::string& text);
void private_mounts();         // a mount namespace whose mounts nobody else sees
void become_user(uid_t user);  // and the group of the same number, without further groups

int start(Words words);
int network(Words words);
int init(Words words);

}  // namespace slipway::enter
