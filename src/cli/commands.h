// The sub-commands. Each adds itself to the program and, when it is the one called, leaves its exit code.
// Exit codes: 0 done, 1 a check found something, 2 wrong use, 3 refused by policy, 4 it could not be done.
#pragma once

#include "cli/arguments.h"

namespace sallyport::cli {

inline constexpr int done = 0;
inline constexpr int found_something = 1;
inline constexpr int wrong_use = 2;
inline constexpr int refused = 3;
inline constexpr int not_possible = 4;

void add_serve(Command& app, int& exit_code);
void add_demo(Command& app, int& exit_code);
void add_vendor(Command& app, int& exit_code);
void add_key(Command& app, int& exit_code);
void add_person(Command& app, int& exit_code);
void add_policy(Command& app, int& exit_code);
void add_exception(Command& app, int& exit_code); // and break-glass
void add_finding(Command& app, int& exit_code);
void add_ledger(Command& app, int& exit_code);
void add_repo(Command& app, int& exit_code);
void add_run(Command& app, int& exit_code);
void add_sign_in(Command& app, int& exit_code); // and sign-out
void add_inspect(Command& app, int& exit_code);
void add_discover(Command& app, int& exit_code);
// Below it; what is returned tells, once the arguments are read, whether it was named.
const bool& add_inspect_run(Command& inspect, int& exit_code);
const bool& add_inspect_watch(Command& inspect, int& exit_code);
void add_advisory(Command& app, int& exit_code);
void add_catalog(Command& app, int& exit_code);
void add_doctor(Command& app, int& exit_code);
void add_completion(Command& app, int& exit_code);

} // namespace sallyport::cli
