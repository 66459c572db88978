// Names of repositories are labels that change; stacks go on naming the old one until somebody
// writes the new one into the tree. A repository that no stack names is looked up among those that
// stacks name by the forge's own id of it, and goes by the name that they use: the forge redirects
// calls and git to the new one.
#pragma once
#include "handlers/webhooks/react.hpp"

namespace slipway {

// The repository that the event is about; null: it is about none, or tells of names itself.
RepositoryName* repository_of(Event& event);

Task<void> restore_former_name(ReactContext& context, const Delivery& delivery, Event& event);

}  // namespace slipway
