import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;

/** TCP echo server: a thread for each client. */
public class EchoServer {
    public static void main(String[] arguments) throws Exception {
        try (ServerSocket listener = new ServerSocket(Integer.parseInt(arguments[0]))) {
            System.out.println("listening");
            while (true) {
                Socket connection = listener.accept();
                new Thread(() -> serve(connection)).start();
            }
        }
    }

    private static void serve(Socket connection) {
        try (connection; InputStream in = connection.getInputStream(); OutputStream out = connection.getOutputStream()) {
            in.transferTo(out);
        } catch (java.io.IOException lost) {
            System.out.println("connection lost");
        }
    }
}
