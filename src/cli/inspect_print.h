// An inspection on a terminal: the verdict, what was found with its place, the inventory in groups, what was not looked at.
#pragma once

#include "lab/diff.h"
#include "lab/experiment.h"
#include "lab/inspection.h"

namespace sallyport::cli {

// `all`: every name and file, not only their groups.
void print(const lab::Inspection& inspection, bool all);

void print(const lab::Diff& diff);
void print(const lab::Experiment& experiment, bool all);

// A list or text on one line, cut with its length where it is long.
std::string shown(const std::string& text, std::size_t bytes_max);

} // namespace sallyport::cli
