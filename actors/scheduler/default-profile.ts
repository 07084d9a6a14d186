// kube-scheduler's default profile: its plugins in its order and with its weights (kubernetes.md §2.2).

import { profileOf } from './profile.ts';

export const defaultProfile = profileOf();
