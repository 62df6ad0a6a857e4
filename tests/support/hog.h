/* SPDX-License-Identifier: MIT */
/* hog.h - a child that takes too much, for tests of caps: the test program starts itself as
 *
 *   /proc/self/exe hog memory MIB MS    takes a MiB each MS milliseconds, then waits for its end
 *   ... hog child MIB MS                a child of it does so; exits with 42 when that is killed
 *   ... hog forks N                     forks N that wait, tells "refused K" on stderr, waits
 *   ... hog bomb DEPTH SESSIONS         each forks two, DEPTH times over, all wait; with SESSIONS =
 * 1 each in a session of its own, and half of them lose their parent
 *   ... hog file PATH MIB               writes the file, tells "written", then reads it all again
 * and again through a mapping
 *
 * All of them take nothing from the heap.
 */
#ifndef TESTS_SUPPORT_HOG_H
#define TESTS_SUPPORT_HOG_H

/* First in main(): does not return when the arguments ask for a hog. */
void hog_main(int argc, char **argv);

#endif
