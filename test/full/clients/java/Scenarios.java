// SPDX-License-Identifier: Apache-2.0
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Apache Kafka's own Java clients against a running server.
 *
 * <p>{@code Scenarios BOOTSTRAP Class.method...} runs the named scenarios, a few side by side because most of them wait,
 * and prints for each {@code == Class.method ok}, or {@code == Class.method failed} and then the reason.
 * {@code test_java_clients.py} starts it and makes one test of each. A scenario is a static method that takes a Setup;
 * to add one, write it: the driver finds it by that form.
 */
final class Scenarios {
    private static final int SIDE_BY_SIDE = 4;

    private static String run(String bootstrap, String name) {
        String[] parts = name.split("\\.");
        try (Setup setup = new Setup(bootstrap)) {
            Method scenario = Class.forName(parts[0]).getDeclaredMethod(parts[1], Setup.class);
            scenario.invoke(null, setup);
            return "== " + name + " ok";
        } catch (InvocationTargetException e) {
            return "== " + name + " failed\n" + Setup.text(e.getCause());
        } catch (Throwable e) {
            return "== " + name + " failed\n" + Setup.text(e);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0];
        ExecutorService threads = Executors.newFixedThreadPool(SIDE_BY_SIDE);
        List<Future<?>> runs = new ArrayList<>();
        for (int i = 1; i < arguments.length; i++) {
            String name = arguments[i];
            runs.add(threads.submit(() -> System.out.println(run(bootstrap, name))));
        }
        for (Future<?> run : runs)
            run.get();
        System.exit(0); // a client that a failed scenario left open does not hold the process up
    }
}
