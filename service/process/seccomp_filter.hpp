// The system calls that no program of a run may make: those that reach into other processes, make
// namespaces or mounts, or speak to large and rarely used parts of the kernel.
#pragma once
#include <string>

namespace slipway {

// As bubblewrap takes it: a program for the kernel's filter, made once. Throws Failure where it
// cannot be made.
const std::string& seccomp_filter();

}  // namespace slipway
