// sallyport: the guarded way out for coding assistants. Every sub-command is one file beside this one.
#include "cli/commands.h"

#include <cstdio>
#include <iostream>

int main(int argc, char** argv) {
    using namespace sallyport::cli;
    Program app("Sallyport guards what leaves a company through its AI coding assistants.\n", "sallyport 0.1.0");
    app.needs_command();
    app.footer("Begin with:\n  sallyport demo              see it work, on this machine alone\n"
               "  sallyport serve --help      run the gateway\n");
    int exit_code = done;
    add_serve(app, exit_code);
    add_demo(app, exit_code);
    add_vendor(app, exit_code);
    add_key(app, exit_code);
    add_person(app, exit_code);
    add_policy(app, exit_code);
    add_exception(app, exit_code);
    add_finding(app, exit_code);
    add_ledger(app, exit_code);
    add_repo(app, exit_code);
    add_run(app, exit_code);
    add_sign_in(app, exit_code);
    add_inspect(app, exit_code);
    add_advisory(app, exit_code);
    add_catalog(app, exit_code);
    add_discover(app, exit_code);
    add_doctor(app, exit_code);
    add_completion(app, exit_code);
    try {
        if (!app.parse(argc, argv, exit_code)) return exit_code;
    } catch (const std::exception& error) {
        std::cerr << "sallyport: " << error.what() << '\n';
        return not_possible;
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) { // a full disk behind "> file"
        std::cerr << "sallyport: cannot write standard output\n";
        return not_possible;
    }
    return exit_code;
}
