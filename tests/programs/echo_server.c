/* TCP echo server: a child process for each client. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    address.sin_port = htons(argc > 1 ? atoi(argv[1]) : 7);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 5)) {
        perror("server");
        return 1;
    }
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (fork() == 0) {
            char buffer[1024];
            ssize_t length;
            close(listener);
            while ((length = read(connection, buffer, sizeof buffer)) > 0)
                if (write(connection, buffer, length) != length) return 1;
            close(connection);
            return 0;
        }
        close(connection);
    }
}
