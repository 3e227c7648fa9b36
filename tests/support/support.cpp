#include "tests/support/coroutines.hpp"
