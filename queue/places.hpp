// Who may be worked on now: pure counting, for the consumer. A job takes a place when it begins and
// gives it away when it ends, or earlier when it turns out to wait for something outside (a forge
// that hangs): it then goes on without one. So those that hang cost the others nothing, and no
// repository, owner (an installation of an app reaches the repositories of one) or forge can take
// every place.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace slipway {

struct PlaceLimits {
    int all = 16;           // places
    int of_forge = 12;      // of these
    int of_owner = 8;       // of these
    int of_repository = 4;  // jobs, with a place or without
    int at_once = 512;      // jobs, with a place or without; half of them of one forge
};

class Places {
  public:
    explicit Places(PlaceLimits limits) : limits_(limits) {}

    bool has_room() const { return placed_ < limits_.all && jobs_ < limits_.at_once; }
    // Whose jobs must wait, as Queue::claim takes it: "forge/owner/name", "forge/owner/" or
    // "forge/".
    std::vector<std::string> full() const;

    void begin(const std::string& repository);
    // Both say whether somebody may begin now who could not before.
    bool give_away(const std::string& repository);
    bool end(const std::string& repository, bool had_place);

  private:
    struct Count {
        int placed = 0, jobs = 0;
        int most_placed = 0, most_jobs = 0;
        bool is_full() const { return placed >= most_placed || jobs >= most_jobs; }
    };
    template <class Change>
    bool change(const std::string& repository, Change change);

    PlaceLimits limits_;
    int placed_ = 0, jobs_ = 0;
    std::map<std::string, Count> counts_;  // of those that have any
};

}  // namespace slipway
