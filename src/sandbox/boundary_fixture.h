// For tests: a folder with a workspace, and a boundary around that, where the machine gives one.
#pragma once

#include "sandbox/boundary.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace sallyport::sandbox {

class BoundaryFolder {
protected:
    // Why the machine gives no boundary; empty: it does.
    std::string make() {
        char made[] = "/var/tmp/boundary-XXXXXX";
        folder_ = ::mkdtemp(made);
        std::filesystem::create_directories(folder_ / "work");
        spec_ = plain();
        spec_.instead = [] { return 0; };
        const auto tried = Boundary::prepare(spec_);
        return tried ? std::string() : tried.error().message;
    }
    ~BoundaryFolder() { std::filesystem::remove_all(folder_); }

    BoundarySpec plain() const {
        BoundarySpec out;
        for (const char* one : {"/usr", "/etc"}) out.places.push_back({Place::Kind::read_only, one, {}});
        for (const char* one : {"bin", "lib", "lib64"})
            if (std::filesystem::is_symlink(std::string("/") + one))
                out.places.push_back(
                    {Place::Kind::link, std::string("/") + one, std::filesystem::read_symlink(std::string("/") + one)});
            else
                out.places.push_back({Place::Kind::read_only, std::string("/") + one, {}, true});
        out.places.push_back({Place::Kind::fresh, "/tmp", {}});
        out.places.push_back({Place::Kind::read_write, folder_ / "work", {}});
        out.directory = folder_ / "work";
        return out;
    }
    int run(const std::string& script) {
        BoundarySpec spec = plain();
        spec.command = {"/usr/bin/sh", "-c", script};
        spec.environment = {"PATH=/usr/bin:/bin"};
        auto boundary = Boundary::prepare(spec);
        if (!boundary || !boundary->begin()) return -1;
        return boundary->wait();
    }

    std::filesystem::path folder_;
    BoundarySpec spec_;
};

inline std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace sallyport::sandbox
