/* SPDX-License-Identifier: MIT */
/* redis.c - see redis.h. */
#include "support/redis.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 500, PAUSE_US = 10000 };

struct test_redis {
    pid_t pid;
    int port;
    char *password;
};

static int loopback_socket(int port, struct sockaddr_in *addr)
{
    *addr = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int free_port(void)
{
    struct sockaddr_in addr;
    socklen_t len = sizeof(addr);
    int fd = loopback_socket(0, &addr);

    check(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
    check(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
    close(fd);
    return ntohs(addr.sin_port);
}

static void become_server(const struct test_redis *redis)
{
    char port[16];
    int null = open("/dev/null", O_RDWR);

    snprintf(port, sizeof(port), "%d", redis->port);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, STDOUT_FILENO);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
           "--appendonly", "no", "--dir", "/", redis->password ? "--requirepass" : NULL,
           redis->password, NULL);
    _exit(127);
}

static bool answers(const struct test_redis *redis)
{
    struct sockaddr_in addr;
    char byte;
    int fd = loopback_socket(redis->port, &addr);
    bool is_up = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
                 write(fd, "PING\r\n", 6) == 6 && read(fd, &byte, 1) == 1;

    close(fd);
    return is_up;
}

static bool start(struct test_redis *redis)
{
    redis->pid = fork();
    check(redis->pid >= 0);
    if (redis->pid == 0)
        become_server(redis);
    for (int i = 0; i < TRIES; i++) {
        if (answers(redis))
            return true;
        if (waitpid(redis->pid, NULL, WNOHANG) == redis->pid)
            break;
        usleep(PAUSE_US);
    }
    redis->pid = 0;
    return false;
}

struct test_redis *test_redis_start(const char *password)
{
    struct test_redis *redis = mem_new(struct test_redis);

    *redis = (struct test_redis){.port = free_port(),
                                 .password = password ? mem_strdup(password) : NULL};
    if (!start(redis))
        test_redis_free(&redis);
    return redis;
}

int test_redis_port(const struct test_redis *redis)
{
    return redis->port;
}

void test_redis_stop(struct test_redis *redis)
{
    if (!redis->pid)
        return;
    kill(redis->pid, SIGKILL);
    waitpid(redis->pid, NULL, 0);
    redis->pid = 0;
}

void test_redis_again(struct test_redis *redis)
{
    check(!redis->pid && start(redis));
}

void test_redis_pause(struct test_redis *redis)
{
    kill(redis->pid, SIGSTOP);
}

void test_redis_resume(struct test_redis *redis)
{
    kill(redis->pid, SIGCONT);
}

void test_redis_free(struct test_redis **redis)
{
    if (!*redis)
        return;
    test_redis_stop(*redis);
    mem_free((*redis)->password);
    mem_free(*redis);
    *redis = NULL;
}
