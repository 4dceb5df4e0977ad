// The sub-commands. Each adds itself to the program and, when it is the one called, leaves its exit code.
// Exit codes: 0 done, 1 a check found something, 2 wrong use, 3 refused by policy, 4 it could not be done.
#pragma once

namespace CLI {
class App;
}

namespace sallyport::cli {

inline constexpr int done = 0;
inline constexpr int found_something = 1;
inline constexpr int wrong_use = 2;
inline constexpr int refused = 3;
inline constexpr int not_possible = 4;

void add_serve(CLI::App& app, int& exit_code);
void add_demo(CLI::App& app, int& exit_code);
void add_vendor(CLI::App& app, int& exit_code);
void add_key(CLI::App& app, int& exit_code);
void add_policy(CLI::App& app, int& exit_code);
void add_exception(CLI::App& app, int& exit_code); // and break-glass
void add_finding(CLI::App& app, int& exit_code);
void add_ledger(CLI::App& app, int& exit_code);
void add_repo(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);

} // namespace sallyport::cli
