// Follows the deployments of a namespace: what has happened since revision 1, then what happens, until Ctrl-C.

import process from 'node:process';
import { connect, type SubscriptionFailed } from 'shiplog';

const shiplog = await connect(); // found as every command finds it: $KUBECONFIG, else .shiplog/data

const subscription = shiplog.events$({ kind: 'deployment', namespace: 'default', from: 1 }).subscribe({
  next({ revision, name, type, from, to, author, object }) {
    console.log(
      `${revision} ${name}: ${type} (${from} → ${to}) by ${author.user}, generation ${object?.metadata.generation}`,
    );
  },
  error({ message, revision }: SubscriptionFailed) {
    console.error(`${message}; next time go on from ${revision + 1}`);
  },
});

process.once('SIGINT', async () => {
  subscription.unsubscribe();
  await shiplog.close();
});
