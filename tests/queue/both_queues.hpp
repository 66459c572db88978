// The list of implementations that every case runs on.
#pragma once
#include "tests/queue/under_test.hpp"

#define BOTH_QUEUES slipway::InMemory
