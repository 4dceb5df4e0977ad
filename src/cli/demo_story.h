// The conversations of the demo: requests in the shapes that real clients send, of our own making.
#pragma once

#include "cli/play.h"

#include <string>
#include <vector>

namespace sallyport::cli {

struct Scene {
    std::string title; // what happens, for the reader
    PlayedRequest request;
    bool expects_answer; // else a refusal
};

// `key`: the company key of the demo's developer.
std::vector<Scene> demo_scenes(const std::string& key);

} // namespace sallyport::cli
