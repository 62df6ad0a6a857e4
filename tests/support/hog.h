/* SPDX-License-Identifier: MIT */
/* hog.h - a child that takes too much, for tests of caps: the test program starts itself as
 *
 *   PROGRAM hog memory MIB MS   takes a MiB each MS milliseconds, then waits for its end
 *   PROGRAM hog child MIB MS    a child of it does so; exits with 42 when that is killed
 *   PROGRAM hog forks N         forks N that wait, tells "refused K" on stderr, waits
 *   PROGRAM hog bomb N S TAG    each forks, N times over, all wait; with S = 1 each in a session of
 *                               its own, and half of them without their parents
 *   PROGRAM hog file PATH MIB   writes the file, tells "written", then reads it through a mapping,
 *                               again and again
 *
 * All of them take nothing from the heap. What stands behind is only there to be found in /proc.
 */
#ifndef TESTS_SUPPORT_HOG_H
#define TESTS_SUPPORT_HOG_H

/* First in main(): does not return when the arguments ask for a hog. */
void hog_main(int argc, char **argv);

#endif
