#include "policies/policies.hpp"
